// The course of arousal with its interval, and of the heart rate, over the last minutes.

import { clock, make, number, word } from "/static/common.js";

const MINUTES = 5;
const EVERY_S = 1;
const FONT_PX = 11;
const LEFT = 26, RIGHT = 28, TOP = 8, BOTTOM = 18; // room for the scales, in px
const HEART_STEP_BPM = 10; // the heart's scale begins and ends at one of these
const LEAST_BPM = 20; // no small change fills the height

export class Trace {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
    this.now = 0; // seconds of the session; later than the last point when nothing is heard
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
    [this.points, this.now] = [[], 0];
    this.draw(true);
  }

  /** Take in a picture and how old it is by now; draws when a second has passed since the last.
   *  What is old is no point of a curve: it ends where the body was measured last. */
  take(picture, word) {
    const last = this.points.at(-1);
    if (last && picture.t < last.t) this.clear();
    if (word.now - this.now < EVERY_S && word.now >= this.now) return;
    this.now = word.now;
    if (!word.wordless && picture.t !== last?.t) this.points.push(point(picture, word));
    while (this.points.length && this.points[0].t < this.now - 60 * MINUTES) this.points.shift();
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
      for (const name of ["ink", "soft", "faint", "accent", "heart", "band"]) {
        this.colours[name] = style.getPropertyValue(`--${name}`).trim();
      }
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    const end = Math.max(60, this.now);
    const span = Math.min(60 * MINUTES, Math.max(60, end - (this.points[0]?.t ?? 0)));
    const x = (t) => LEFT + ((t - (end - span)) / span) * (box.width - LEFT - RIGHT);
    const y = (share) => TOP + (1 - share) * (box.height - TOP - BOTTOM);
    const hearts = this.points.map((p) => p.heart).filter((value) => value);
    const reach = hearts.length ? heartScale(hearts) : null;
    this.scales(pen, box, y, span, reach);
    this.band(pen, x, y);
    this.line(pen, x, (p) => p.setpoint ?? null, y, this.colours.ink, [3, 5]);
    this.line(pen, x, (p) => p.arousal ?? null, y, this.colours.accent, []);
    if (reach) {
      const share = (p) => (p.heart ? (p.heart - reach.low) / (reach.high - reach.low) : null);
      this.line(pen, x, share, y, this.colours.heart, []);
    }
  }

  /** Draw the scale of arousal on the left, of the heart rate on the right, of time below. */
  scales(pen, box, y, span, reach) {
    pen.font = `${FONT_PX}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    pen.strokeStyle = this.colours.faint;
    pen.lineWidth = 1;
    for (const share of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(LEFT, y(share));
      pen.lineTo(box.width - RIGHT, y(share));
      pen.stroke();
      this.label(pen, number(share, 1), 2, y(share), "left", this.colours.accent);
      if (!reach) continue;
      const bpm = reach.low + share * (reach.high - reach.low);
      this.label(pen, number(bpm, 0), box.width - 2, y(share), "right", this.colours.heart);
    }
    const below = box.height - BOTTOM / 2 + 2;
    this.label(pen, word("trace.ago", { time: clock(span) }), LEFT, below, "left", this.colours.soft);
    this.label(pen, word("trace.now"), box.width - RIGHT, below, "right", this.colours.soft);
  }

  label(pen, text, x, y, align, colour) {
    pen.textAlign = align;
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  }

  band(pen, x, y) {
    pen.fillStyle = this.colours.band;
    let known = [];
    for (const p of [...this.points, {}]) {
      if (p.low !== undefined && p.low !== null) {
        known.push(p);
        continue;
      }
      pen.beginPath();
      for (const q of known) pen.lineTo(x(q.t), y(q.high));
      for (const q of known.reverse()) pen.lineTo(x(q.t), y(q.low));
      pen.fill();
      known = [];
    }
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

/** Return what the curves go through; null for what is not known, or old. */
function point({ t, arousal, arousal_s, low, high, heart_rate: heart, measures, setpoint }, word) {
  const seen = word.age(arousal_s) === "fresh";
  const beats = word.age(measures?.heart_rate?.measured_s) === "fresh";
  return { t, arousal: seen ? arousal : null, low: seen ? low : null, high, heart: beats ? heart : null, setpoint };
}

/** Return round numbers of beats a minute below and above all of these. */
function heartScale(hearts) {
  const low = Math.floor(Math.min(...hearts) / HEART_STEP_BPM) * HEART_STEP_BPM;
  const high = Math.max(low + LEAST_BPM, Math.ceil(Math.max(...hearts) / HEART_STEP_BPM) * HEART_STEP_BPM);
  return { low, high };
}

/** Return what the lines mean; a screen reader has the words of the picture itself. */
export function legend() {
  const lines = ["trace.arousal", "trace.interval", "trace.setpoint", "trace.heart"];
  const item = (key) => make("li", { class: key.split(".")[1] }, word(key));
  return make("ul", { class: "legend", "aria-hidden": "true" }, ...lines.map(item));
}
