// The breathing guide: a disc that grows and shrinks with the music's swell.

import { byId, number, word, write } from "/static/common.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Breath {
  constructor() {
    this.swell = null;
    this.offset = Infinity; // the least that a picture came after its time, in seconds
    this.running = false;
  }

  /** Take in a picture and how old it is; the guide runs while the music is known to swell. */
  take(picture, last) {
    const late = performance.now() / 1000 - picture.t;
    if (picture.t < this.latest) this.offset = Infinity; // another session
    this.latest = picture.t;
    this.offset = Math.min(this.offset, late);
    this.swell = last.age(picture.t) === "gone" ? null : picture.breath ?? null;
    byId("breath").hidden = !this.swell;
    if (!this.swell) return;
    const pace = word("breath.pace", { pace: number(60 / this.swell.period_s, 1) });
    write(byId("breath-pace"), [pace, last.ago(picture.t)].filter(Boolean).join(", "));
    if (!this.running) {
      this.running = true;
      requestAnimationFrame(() => this.frame());
    }
  }

  frame() {
    if (!this.swell) {
      this.running = false;
      return;
    }
    const now = performance.now() / 1000 - this.offset;
    const into = (((now - this.swell.from_s) / this.swell.period_s) % 1 + 1) % 1;
    const { in_share: inward, hold_share: held, out_share: outward } = this.swell;
    write(byId("breath-word"), word(into < inward + held ? "breath.in" : "breath.out"));
    const over = Math.min(1, Math.max(0, into - inward - held) / outward);
    const turn = into < inward ? into / inward - 1 : over; // -1 empty, 0 full, 1 empty again
    const size = still.matches ? 0.6 : 0.35 + 0.65 * (0.5 + 0.5 * Math.cos(Math.PI * turn));
    byId("breath-disc").setAttribute("transform", `scale(${size.toFixed(3)})`);
    if (still.matches) setTimeout(() => this.frame(), 250);
    else requestAnimationFrame(() => this.frame());
  }
}
