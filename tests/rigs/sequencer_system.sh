#!/usr/bin/env bash
# What leaves through ALSA's sequencer, as on a Raspberry Pi: the suite of MIDI bindings and half a
# minute of music to a port, on a kernel that has one. Containers have none, and a sequencer of our
# own making would agree with us.
#
#   tests/rigs/sequencer_system.sh       ends with 0 when both hold; takes 5 to 15 minutes
#
# The kernel is Debian's, fetched from the mirror of apt; the machine is emulated by
# qemu-system-x86_64. Needs root, debootstrap, qemu-system-x86, cpio, and uv in .venv (extra `dev`).
set -euo pipefail

fail() { echo "sequencer_system: $*" >&2; exit 3; }

checkout=$(cd "$(dirname "$0")/../.." && pwd)
for tool in debootstrap qemu-system-x86_64 cpio; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install debootstrap qemu-system-x86 cpio"
done
"$checkout/tests/rigs/bare_system.sh" trixie true
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

cp -a --one-file-system "${BARE_SYSTEMS:-$HOME/.cache/bare-systems}/trixie/." "$root/"
rm -rf "$root"/usr/share/{doc,man,locale} "$root"/var/{cache,lib}/apt
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
(cd "$work" && apt-get download -qq "$kernel" libasound2 libasound2-data 2>/dev/null) ||
  fail "no kernel from the mirror of apt"
for package in "$work"/libasound2*.deb; do dpkg-deb -x "$package" "$root"; done
dpkg-deb -x "$work/$kernel"_*.deb "$work/kernel"
modules=$(echo "$work"/kernel/lib/modules/*)
wanted=(soundcore snd snd-seq-device snd-timer snd-rawmidi snd-seq snd-seq-midi-event
  snd-hrtimer snd-seq-virmidi snd-virmidi snd-seq-midi)
for module in "${wanted[@]}"; do find "$modules" -name "$module.ko*" -exec cp {} "$root/" \;; done

mkdir "$root/checkout"
git -C "$checkout" ls-files -z | tar -C "$checkout" -c --null -T - | tar -C "$root/checkout" -x
"$checkout/.venv/bin/python" -m uv pip install --quiet --python-version 3.13 \
  --python-platform x86_64-unknown-linux-gnu --only-binary :all: --no-binary biofeedback \
  --target "$root/site" "$checkout" alsa-midi pytest pytest-xdist hypothesis
rm -rf "$root"/site/{rtmidi2,pyo}*  # no wheels on a Raspberry Pi

cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LC_ALL=C.UTF-8 TERM=dumb PYTHONPATH=/site
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm; mount -t tmpfs none /dev/shm; mount -t tmpfs none /tmp
for module in WANTED; do insmod /$module.ko* || echo "no $module"; done
cd /checkout
python3 -m pytest -q -W ignore tests/synth/test_midi_bindings.py && python3 - <<'HEARD'
import subprocess, sys, time
from synth.outputs import alsa_binding

heard = []
port = alsa_binding.open_virtual_input("A Synthesiser", lambda message, gap_s: heard.append(message))
(name,) = [name for name in alsa_binding.list_ports() if "A Synthesiser" in name]
run = subprocess.run([sys.executable, "-m", "biofeedback", "run", "-s", "sim:listener", "-o",
                      f"midi:{name}", "--duration", "30", "--out", "/tmp/out"])
time.sleep(1.0)
port.close()
ons = sum(m[0] & 0xF0 == 0x90 and m[2] > 0 for m in heard)
offs = sum(m[0] & 0xF0 == 0x80 or (m[0] & 0xF0 == 0x90 and m[2] == 0) for m in heard)
print(f"run: exit {run.returncode}; heard {ons} notes begin and {offs} end")
sys.exit(run.returncode or not ons or offs < ons)
HEARD
echo "ended with $?"
echo o >/proc/sysrq-trigger; sleep 9
INIT
sed -i "s/WANTED/${wanted[*]}/" "$root/init"
chmod +x "$root/init"
(cd "$root" && find . -print0 | cpio --null -o -H newc --quiet | gzip -1) >"$work/initrd"

timeout 1800 qemu-system-x86_64 -accel tcg -cpu max -m 5G -nographic -no-reboot \
  -kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/initrd" \
  -append "console=ttyS0 panic=-1 quiet rdinit=/init" </dev/null | tee "$work/said"
grep -q "ended with 0" "$work/said"
