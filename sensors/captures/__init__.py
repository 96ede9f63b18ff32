"""What a device said over the air, kept raw: recorded, scrubbed of whose it is, played again."""
