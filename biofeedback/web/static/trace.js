// The course of arousal with its interval, and of the heart rate, over the last minutes.

const MINUTES = 5;
const EVERY_S = 1;

export class Trace {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
    this.colours = {};
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.draw(true));
    this.box = { width: 0, height: 0 }; // asked for once: asking makes the browser lay out anew
    new ResizeObserver(() => {
      this.box = { width: canvas.clientWidth, height: canvas.clientHeight };
      this.draw(true);
    }).observe(canvas);
  }

  clear() {
    this.points = [];
    this.draw(true);
  }

  /** Take in a picture; draws when a second has passed since the last. */
  take(picture) {
    const last = this.points.at(-1);
    if (last && picture.t < last.t) this.points = [];
    if (last && picture.t - last.t < EVERY_S) return;
    const { t, arousal, low, high, heart_rate: heart, setpoint } = picture;
    this.points.push({ t, arousal, low, high, heart, setpoint });
    while (this.points.length && this.points[0].t < t - 60 * MINUTES) this.points.shift();
    this.draw(false);
  }

  draw(fresh) {
    const { box } = this;
    if (!box.width) return;
    const scale = window.devicePixelRatio || 1;
    if (fresh || !this.colours.ink) {
      this.canvas.width = Math.round(box.width * scale);
      this.canvas.height = Math.round(box.height * scale);
      const style = getComputedStyle(this.canvas);
      for (const name of ["ink", "faint", "accent", "heart", "band"]) {
        this.colours[name] = style.getPropertyValue(`--${name}`).trim();
      }
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    const end = Math.max(60, this.points.at(-1)?.t ?? 60);
    const span = Math.min(60 * MINUTES, Math.max(60, end - (this.points[0]?.t ?? 0)));
    const x = (t) => ((t - (end - span)) / span) * box.width;
    const y = (share) => 4 + (1 - share) * (box.height - 8);
    this.grid(pen, box, y);
    this.band(pen, x, y);
    this.line(pen, x, (p) => p.setpoint ?? null, y, this.colours.ink, [3, 5]);
    this.line(pen, x, (p) => p.arousal ?? null, y, this.colours.accent, []);
    const hearts = this.points.map((p) => p.heart).filter((value) => value);
    if (hearts.length) {
      const middle = (Math.min(...hearts) + Math.max(...hearts)) / 2;
      const reach = Math.max(20, Math.max(...hearts) - Math.min(...hearts)) * 1.2;
      const share = (p) => (p.heart ? 0.5 + (p.heart - middle) / reach : null);
      this.line(pen, x, share, y, this.colours.heart, []);
    }
  }

  grid(pen, box, y) {
    pen.strokeStyle = this.colours.faint;
    pen.lineWidth = 1;
    for (const share of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(0, y(share));
      pen.lineTo(box.width, y(share));
      pen.stroke();
    }
  }

  band(pen, x, y) {
    const known = this.points.filter((p) => p.low !== undefined && p.low !== null);
    if (known.length < 2) return;
    pen.fillStyle = this.colours.band;
    pen.beginPath();
    for (const p of known) pen.lineTo(x(p.t), y(p.high));
    for (const p of known.reverse()) pen.lineTo(x(p.t), y(p.low));
    pen.fill();
  }

  line(pen, x, value, y, colour, dashes) {
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.setLineDash(dashes);
    pen.beginPath();
    let down = false;
    for (const p of this.points) {
      const share = value(p);
      if (share === null) down = false;
      else if (down) pen.lineTo(x(p.t), y(share));
      else pen.moveTo(x(p.t), y(share));
      down = share !== null;
    }
    pen.stroke();
    pen.setLineDash([]);
  }
}
