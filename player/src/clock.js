// The clock of the page: the song's audio; without audio, or where it cannot be played, the computer's own clock.

export class AudioClock {
  constructor(audio) {
    this.audio = audio;
    audio.preservesPitch = true;
  }

  get time() {
    return this.audio.currentTime;
  }

  get duration() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
  }

  get playing() {
    return !this.audio.paused && !this.audio.ended;
  }

  get rate() {
    return this.audio.playbackRate;
  }

  set rate(value) {
    this.audio.playbackRate = value;
  }

  play() {
    return this.audio.play();
  }

  pause() {
    this.audio.pause();
  }

  seek(seconds) {
    return new Promise((resolve) => {
      const done = () => {
        for (const event of ["seeked", "error"]) this.audio.removeEventListener(event, done);
        resolve();
      };
      for (const event of ["seeked", "error"]) this.audio.addEventListener(event, done);
      if (this.audio.error) done(); // no browser says a second time that it cannot
      else this.audio.currentTime = seconds;
    });
  }
}

export class TimerClock {
  constructor() {
    this.base = 0;
    this.since = null;
    this.speed = 1;
    this.duration = 0;
  }

  get time() {
    const moved = this.since === null ? 0 : ((performance.now() - this.since) / 1000) * this.speed;
    const time = this.base + moved;
    if (this.since !== null && time >= this.duration) {
      this.base = this.duration;
      this.since = null;
      return this.duration;
    }
    return time;
  }

  get playing() {
    return this.since !== null;
  }

  get rate() {
    return this.speed;
  }

  set rate(value) {
    this.base = this.time;
    if (this.since !== null) this.since = performance.now();
    this.speed = value;
  }

  async play() {
    if (this.base >= this.duration) this.base = 0;
    this.since = performance.now();
  }

  pause() {
    this.base = this.time;
    this.since = null;
  }

  async seek(seconds) {
    this.base = seconds;
    if (this.since !== null) this.since = performance.now();
  }
}

/** The audio of a song, ready to play, or null where it cannot be loaded. */
export function loadAudio(source) {
  return new Promise((resolve) => {
    const audio = new Audio();
    audio.preload = "auto";
    audio.addEventListener("loadedmetadata", () => resolve(audio), { once: true });
    audio.addEventListener("error", () => resolve(null), { once: true });
    audio.src = source;
  });
}
