// One song's page: clock, dancers, words, timeline, and what people do with them.
import { decodeBody } from "./body.js";
import { loadCharacter } from "./character.js";
import { AudioClock, TimerClock, loadAudio } from "./clock.js";
import { Controls } from "./controls.js";
import { Dancer } from "./dancer.js";
import { element } from "./dom.js";
import { LyricsPanel } from "./lyrics.js";
import { FPS, Motion } from "./motion.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";

export const MOST_DANCERS = 4;
/** Seconds by which a muted video may be off the audio before it is set right. */
const VIDEO_DRIFT = 0.06;
const WITHOUT_AUDIO = "The song's audio could not be loaded: the dance runs without it.";

export class Player {
  constructor(page) {
    this.page = page;
    this.loop = null;
    this.songTime = 0;
    this.waiting = [];
    this.stage = new Stage(page.video);
    this.controls = new Controls(this);
    this.lyrics = new LyricsPanel(page.lines, (seconds) => this.seek(seconds));
  }

  async start(contents, bodyContent) {
    const [audio, body, motions] = await Promise.all([
      this.page.audio ? loadAudio(this.page.audio) : null,
      decodeBody(bodyContent),
      Promise.all(contents.slice(0, MOST_DANCERS).map((content) => Motion.decode(content))),
    ]);
    this.dancers = motions.map((motion, index) => new Dancer(motion, body, index));
    this.dancers.forEach((dancer, index) => {
      dancer.recovered = index === 0 && this.page.dancers.length > 0;
      this.stage.add(dancer);
    });
    const end = Math.max(1, ...motions.map((motion) => motion.endsAt), ...this.page.lines.map((line) => line.end));
    this.clock = audio ? new AudioClock(audio) : new TimerClock();
    if (audio) this.duration = Math.max(this.clock.duration, 1);
    else this.duration = this.clock.duration = end;
    if (!audio && this.page.audio) this.controls.say(WITHOUT_AUDIO);
    audio?.addEventListener("error", () => this.loseAudio()); // a length is known before a decoder is found missing
    if (!motions.length) this.controls.say("There is no motion of this song.");
    this.timeline = new Timeline(this.page.timeline, this.page.lines, this.duration, (seconds) => this.seek(seconds));
    this.controls.setDancers(this.dancers);
    this.controls.setLength(this.duration);
    this.build();
    const asked = secondOfAddress();
    if (audio?.error) this.loseAudio();
    await this.clock.seek(asked ?? 0);
    addEventListener("hashchange", () => secondOfAddress() !== null && this.seek(secondOfAddress()));
    this.stage.resize();
    this.stage.frontView();
    this.tick();
    await this.drawn();
  }

  /** The dance goes on from where it is, on the computer's own clock. */
  loseAudio() {
    if (!(this.clock instanceof AudioClock)) return;
    const clock = new TimerClock();
    clock.duration = this.duration;
    clock.base = this.clock.time;
    clock.rate = this.clock.rate;
    if (this.clock.playing) clock.play();
    this.clock = clock;
    this.controls.say(WITHOUT_AUDIO);
  }

  build() {
    const { page } = this;
    const verdict = page.verdict && element("span", {
      class: `verdict ${page.verdict.keep ? "good" : "bad"}`, title: page.verdict.reasons.join("\n"),
    }, page.verdict.keep ? "kept by the quality gate" : "dropped by the quality gate");
    const reasons = page.verdict?.reasons.length ? element("p", { class: "reasons quiet" }, `${page.verdict.keep ? "Although" : "Because"}: ${page.verdict.reasons.join("; ")}`) : null;
    const header = element("header", {}, page.gallery ? element("a", { href: page.gallery, class: "back" }, "← All songs") : null,
      element("div", { class: "titles" }, element("h1", {}, page.title), page.artist ? element("span", { class: "quiet" }, page.artist) : null), verdict);
    const main = element("main", {}, element("div", { class: "top" }, element("div", { class: "seen" }, this.stage.node, this.controls.node, this.controls.note), this.lyrics.node), this.timeline.node);
    document.body.append(...[header, reasons, main, this.controls.help].filter(Boolean));
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", () => document.body.classList.remove("dropping"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      if (event.dataTransfer.files.length) this.useCharacter(event.dataTransfer.files[0]);
    });
  }

  tick() {
    requestAnimationFrame(() => this.tick());
    const time = this.clock.time;
    if (this.loop && this.clock.playing && (time >= this.loop[1] - 0.005 || time < this.loop[0] - 0.5)) this.clock.seek(this.loop[0]);
    if (time !== this.songTime || this.stage.needsDraw || this.waiting.length) this.draw();
    else this.controls.update({ time, frame: this.frame, playing: this.clock.playing });
    this.keepVideo();
  }

  /** Draw the moment that the clock shows now. */
  draw() {
    const time = this.clock.time;
    this.stage.outOfMotion = !this.dancers.length || time < this.dancers[0].motion.first_frame_s - 1e-3 || time >= this.dancers[0].motion.endsAt;
    this.stage.pose(time);
    this.stage.draw();
    this.songTime = time;
    this.lyrics.update(time);
    this.timeline.update(time);
    this.controls.update({ time, frame: this.frame, playing: this.clock.playing });
    for (const done of this.waiting.splice(0)) done();
  }

  drawn() {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  get frame() {
    return this.dancers[0]?.frame ?? Math.max(0, Math.floor(this.songTime * FPS + 1e-3));
  }

  async seek(seconds) {
    await this.clock.seek(Math.min(Math.max(seconds, 0), this.duration));
    this.keepVideo(true);
    await this.drawn();
    if (!this.clock.playing) this.noteAddress();
  }

  /** The address keeps the place, so that it can be passed on: ...html#t=12.3 */
  noteAddress() {
    try {
      history.replaceState(null, "", `#t=${this.clock.time.toFixed(2)}`);
    } catch {
      // a page inside another document has no address of its own
    }
  }

  async toggle() {
    if (this.clock.playing) {
      this.clock.pause();
      this.noteAddress();
    } else {
      try {
        await this.clock.play();
        this.keepVideo(true);
      } catch (error) {
        this.controls.say(`The audio does not play: ${error.message}`);
      }
    }
    this.stage.needsDraw = true;
  }

  step(frames) {
    this.clock.pause();
    const first = this.dancers[0]?.motion.first_frame_s ?? 0;
    const now = Math.floor((this.clock.time - first) * FPS + 1e-3);
    return this.seek(first + (now + frames) / FPS + 1e-5);
  }

  jump(seconds) {
    return this.seek(this.clock.time + seconds);
  }

  setSpeed(speed) {
    this.clock.rate = speed;
    if (this.film) this.film.playbackRate = speed;
  }

  /** Repeat nothing (""), the "song", or a sequence by its number. */
  setLoop(value) {
    const { sequences } = this.page.timeline;
    this.loop = value === "" ? null : value === "song" ? [0, this.duration - 0.05] : sequences[Number(value)].slice(0, 2);
    this.controls.loop.value = value;
    this.timeline.setLoop(this.loop);
    if (this.loop && (this.clock.time < this.loop[0] || this.clock.time >= this.loop[1])) this.seek(this.loop[0]);
  }

  toggleLoop() {
    const now = this.clock.time;
    const number = this.page.timeline.sequences.findIndex(([start, end]) => start <= now && now < end);
    this.setLoop(this.loop || number < 0 ? "" : String(number));
  }

  setSkeletal(on) {
    for (const dancer of this.dancers) dancer.setSkeletal(on);
    this.stage.needsDraw = true;
  }

  setFollow(on) {
    this.stage.follow = on;
    this.stage.looksAt = this.stage.centre();
  }

  front() {
    this.stage.frontView();
  }

  show(index, on) {
    this.dancers[index].shown = on;
    this.stage.arrange();
  }

  setOpacity(value) {
    this.stage.bodyOpacity = value;
    this.stage.needsDraw = true;
  }

  setOutline(on) {
    this.stage.outline = on;
    this.stage.needsDraw = true;
  }

  /** Show the source "video", the "overlay" file, or neither (""), beside the dance. */
  setVideo(kind) {
    this.film?.pause();
    this.film?.remove();
    this.film = null;
    this.stage.film.hidden = this.stage.filmBox.hidden = !kind;
    this.controls.overFilm.hidden = kind !== "video";
    if (kind) {
      this.film = element("video", { src: this.page.video[kind], muted: true, playsInline: true, preload: "auto", "aria-label": "The song's video" });
      this.film.addEventListener("error", () => this.controls.say("The video file cannot be shown: is it still there?"), { once: true });
      this.film.addEventListener("loadeddata", () => this.keepVideo(true));
      this.film.playbackRate = this.clock.rate;
      this.stage.film.append(this.film);
    }
    this.stage.drawsOverFilm = kind === "video";
    this.stage.resize();
  }

  /** Keep the muted video with the audio. */
  keepVideo(exactly = false) {
    const { film, clock } = this;
    if (!film || film.readyState < 1) return;
    if (clock.playing && film.paused) film.play().catch(() => {});
    if (!clock.playing && !film.paused) film.pause();
    const off = Math.abs(film.currentTime - clock.time);
    if (!film.seeking && (off > VIDEO_DRIFT * Math.max(clock.rate, 1) || (exactly && off > 0.001))) {
      film.currentTime = Math.min(clock.time + (clock.playing ? 0 : 1e-4), film.duration || Infinity);
    }
  }

  async useCharacter(file) {
    if (!this.dancers.length) return;
    this.controls.say(`Loading ${file.name} …`);
    try {
      const character = await loadCharacter(file);
      this.dancers[0].setCharacter(character);
      this.character = character;
      this.controls.setCharacter(true);
      this.controls.say(`${file.name} dances. It stays on your computer.`);
    } catch (error) {
      this.controls.say(error.message);
    }
    this.stage.needsDraw = true;
  }

  removeCharacter() {
    this.dancers[0].setCharacter(null);
    this.character = null;
    this.controls.setCharacter(false);
    this.controls.say("");
    this.stage.needsDraw = true;
  }
}

function secondOfAddress() {
  const match = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  return match ? Number(match[1]) : null;
}
