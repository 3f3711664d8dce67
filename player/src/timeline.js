// The song from left to right: sequences, beats, foot contacts, errors, jitter, what the quality gate marked. A click seeks.
import { clockText, element } from "./dom.js";

const ROW = 15;
const GAP = 4;

export class Timeline {
  constructor(data, lines, duration, seek) {
    Object.assign(this, { data, lines, duration, seek });
    this.rows = [axis(duration), ...rowsOf(data, lines)];
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.head = element("div", { class: "playhead" });
    this.track = element("div", {
      class: "track", tabIndex: 0, role: "slider", "aria-label": "Position in the song", "aria-valuemin": "0",
      "aria-valuemax": duration.toFixed(1),
    }, this.canvas, this.head);
    this.tip = element("div", { class: "tip", hidden: true });
    const labels = this.rows.map((row) => element("span", { class: "label", title: row.title }, row.label));
    this.node = element("section", { class: "timeline panel", "aria-label": "Timeline" },
      element("div", { class: "labels" }, ...labels), this.track, this.tip);
    const height = this.rows.length * (ROW + GAP);
    this.canvas.style.height = `${height}px`;
    this.track.addEventListener("pointerdown", (event) => {
      this.track.setPointerCapture(event.pointerId);
      this.seekTo(event);
    });
    this.track.addEventListener("pointermove", (event) => {
      if (event.buttons) this.seekTo(event);
      this.describe(event);
    });
    this.track.addEventListener("pointerleave", () => (this.tip.hidden = true));
    new ResizeObserver(() => this.draw()).observe(this.track);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  secondAt(event) {
    const rect = this.canvas.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - rect.left) / rect.width, 0), 1) * this.duration;
  }

  seekTo(event) {
    this.seek(this.secondAt(event));
  }

  describe(event) {
    const rect = this.canvas.getBoundingClientRect();
    const row = this.rows[Math.floor((event.clientY - rect.top) / (ROW + GAP))];
    if (!row) return;
    const seconds = this.secondAt(event);
    const told = row.describe?.(seconds);
    this.tip.textContent = `${clockText(seconds)}  ${told || row.title}`;
    this.tip.hidden = false;
    const outer = this.node.getBoundingClientRect();
    const left = Math.min(event.clientX - outer.left + 12, outer.width - 260);
    this.tip.style.transform = `translate(${Math.max(left, 4)}px, ${event.clientY - outer.top - 34}px)`;
  }

  update(seconds) {
    this.head.style.transform = `translateX(${(Math.min(seconds / this.duration, 1) * this.track.clientWidth).toFixed(2)}px)`;
    const rounded = seconds.toFixed(1);
    if (rounded !== this.told) {
      this.told = rounded;
      this.track.setAttribute("aria-valuenow", rounded);
      this.track.setAttribute("aria-valuetext", clockText(seconds));
    }
  }

  setLoop(loop) {
    this.loop = loop;
    this.draw();
  }

  draw() {
    const width = this.track.clientWidth;
    const height = this.rows.length * (ROW + GAP);
    const ratio = Math.min(devicePixelRatio, 2);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.node);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const x = (seconds) => (seconds / this.duration) * width;
    this.rows.forEach((row, index) => {
      const y = index * (ROW + GAP);
      context.fillStyle = color("lane");
      if (!row.plain) context.fillRect(0, y, width, ROW);
      row.draw({ context, x, y, height: ROW, width, color, duration: this.duration });
    });
    if (this.loop) {
      context.fillStyle = color("accent");
      context.globalAlpha = 0.16;
      context.fillRect(x(this.loop[0]), 0, x(this.loop[1]) - x(this.loop[0]), height);
      context.globalAlpha = 1;
    }
  }
}

function rowsOf(data, lines) {
  const rows = [];
  if (lines.length) rows.push(spans("words", "Lines of the lyrics", lines.map(({ start, end, text }) => [start, end, text]), "lyric"));
  if (data.sequences.length) {
    const title = "Six-second sequences of the data set";
    rows.push(spans("sequences", title, data.sequences.map(([start, end, text], k) => [start, end, `sequence ${k}: ${text}`]), "accent", true));
  }
  if (data.beats.length) rows.push(ticks("beats", "Beats of the music", data.beats));
  for (const [side, found] of Object.entries(data.contacts)) {
    rows.push(spans(`${side} foot`, `When the ${side} foot stands on the floor`, found.map(([a, b]) => [a, b, `${side} foot stands`]), "foot"));
  }
  if (data.error) rows.push(curve("2D error", "Distance of the recovered body from the points seen in the video, % of the body's height", data.error, "%"));
  if (data.jitter) rows.push(curve("jitter", "How much the joints tremble, mm per frame squared", data.jitter, "mm"));
  if (data.ranges.length) {
    const marked = data.ranges.flatMap(({ name, failed, spans: found }) => found.map(([a, b]) => [a, b, name, failed ? "bad" : "warn"]));
    rows.push(spans("quality", "What the quality gate marked; red: a reason to drop the song", marked, "warn"));
  }
  return rows;
}

/** Seconds between the labels of the axis: the smallest round number that leaves them room. */
function axisStep(duration, width) {
  return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((step) => (step / duration) * width >= 48) ?? 1200;
}

function axis(duration) {
  return {
    label: "time", title: "Minutes and seconds of the song", plain: true,
    draw({ context, x, y, height, width, color }) {
      const step = axisStep(duration, width);
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      for (let at = 0; at <= duration; at += step) {
        context.fillStyle = color("line");
        context.fillRect(Math.round(x(at)), y, 1, height);
        context.fillStyle = color("quiet");
        const text = clockText(at).slice(0, -2);
        if (x(at) + 4 + context.measureText(text).width <= width) context.fillText(text, x(at) + 4, y + height / 2);
      }
    },
  };
}

function spans(label, title, found, name, outlined = false) {
  return {
    label, title,
    describe: (at) => found.filter(([start, end]) => start <= at && at < end).map(([, , text]) => text).join("; "),
    draw({ context, x, y, height, color }) {
      for (const [start, end, , own] of found) {
        context.fillStyle = color(own ?? name);
        const left = x(start);
        const wide = Math.max(x(end) - left, 1.5);
        context.globalAlpha = outlined ? 0.3 : 0.85;
        context.fillRect(left, y + 2, Math.max(wide - 1, 1), height - 4);
        context.globalAlpha = 1;
        if (outlined) {
          context.strokeStyle = color(name);
          context.strokeRect(left + 0.5, y + 2.5, Math.max(wide - 2, 1), height - 5);
        }
      }
    },
  };
}

function ticks(label, title, times) {
  return {
    label, title,
    draw({ context, x, y, height, color }) {
      context.fillStyle = color("beat");
      for (const time of times) context.fillRect(Math.round(x(time)), y + 3, 1, height - 6);
    },
  };
}

/** A series of one value per frame (null where unknown), drawn up to twice its limit; above the limit it is red. */
function curve(label, title, { start_s, values, limit, scale }, unit) {
  const value = (k) => (values[k] === null || values[k] === undefined ? null : values[k] * scale);
  return {
    label, title,
    describe(at) {
      const now = value(Math.floor((at - start_s) * 30 + 1e-3));
      return now === null ? `${label}: not known` : `${label}: ${now.toFixed(1)} ${unit} (limit ${limit.toFixed(1)})`;
    },
    draw({ context, x, y, height, width, color, duration }) {
      const columns = Math.max(Math.round(width), 1);
      for (let column = 0; column < columns; column++) {
        const from = Math.floor(((column / columns) * duration - start_s) * 30);
        const to = Math.max(Math.floor((((column + 1) / columns) * duration - start_s) * 30), from + 1);
        let worst = null;
        for (let k = Math.max(from, 0); k < Math.min(to, values.length); k++) {
          const now = value(k);
          if (now !== null && (worst === null || now > worst)) worst = now;
        }
        if (worst === null) continue;
        const tall = Math.max(Math.min(worst / (2 * limit), 1) * height, 1);
        context.fillStyle = color(worst > limit ? "bad" : "curve");
        context.fillRect(column, y + height - tall, 1, tall);
      }
      context.fillStyle = color("text");
      context.globalAlpha = 0.25;
      context.fillRect(x(start_s), y + height / 2, x(values.length / 30), 1);
      context.globalAlpha = 1;
    },
  };
}

