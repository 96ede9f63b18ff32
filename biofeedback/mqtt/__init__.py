"""Many wearers over an MQTT broker: edge devices publish, desks subscribe and steer."""
