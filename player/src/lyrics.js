// The song's lines and words; the one that is sung is lit.
import { clockText, element } from "./dom.js";

export class LyricsPanel {
  constructor(lines, seek) {
    this.lines = lines;
    this.line = this.word = -1;
    this.rows = lines.map((line) => {
      const words = line.words.map(([, , text]) => element("span", { class: "word" }, text));
      const parts = words.length ? words.flatMap((word) => [word, " "]) : [line.text];
      const row = element("button", { class: "line", type: "button", title: `Jump to ${clockText(line.start)}`, "data-at": clockText(line.start).slice(0, -2), onclick: () => seek(line.start) }, ...parts);
      return { row, words };
    });
    this.list = element("div", { class: "lines" }, ...this.rows.map(({ row }) => row));
    this.node = element("section", { class: "lyrics panel", "aria-label": "Lyrics" }, this.list);
    if (!lines.length) this.list.append(element("p", { class: "quiet" }, "This song has no lyrics."));
  }

  /** Indices of the line and of the word that are sung at a second; -1 where there is none. */
  at(seconds) {
    const line = this.lines.findIndex(({ start, end }) => start <= seconds && seconds < end);
    if (line < 0) return [-1, -1];
    return [line, this.lines[line].words.findIndex(([start, end]) => start <= seconds && seconds < end)];
  }

  update(seconds) {
    const [line, word] = this.at(seconds + 1e-6); // the clock is cut to microseconds
    if (line === this.line && word === this.word) return;
    const old = this.rows[this.line];
    old?.words[this.word]?.classList.remove("lit");
    if (line !== this.line) {
      old?.row.classList.remove("lit");
      old?.row.removeAttribute("aria-current");
    }
    [this.line, this.word] = [line, word];
    const now = this.rows[line];
    now?.words[word]?.classList.add("lit");
    if (now && !now.row.classList.contains("lit")) {
      now.row.classList.add("lit");
      now.row.setAttribute("aria-current", "true");
      const { list } = this;
      list.scrollTop = now.row.offsetTop - list.clientHeight / 2 + now.row.clientHeight / 2;
    }
  }

  /** What is lit on the page: {line, word}, null where nothing is. */
  get lit() {
    const row = this.list.querySelector(".line.lit");
    return { line: row?.textContent.trim() ?? null, word: this.list.querySelector(".word.lit")?.textContent ?? null };
  }
}
