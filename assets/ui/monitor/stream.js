// Stream: the one connection of this tab. A hidden tab lets go of it, because a browser allows only six per host.
import { ROOT } from "../lib/root.js";

const HIDDEN_SECONDS = 10;
const LONG = 4000; // points of a curve in memory, beyond which the thinned history is fetched anew

export class Stream {
  constructor({ onMessage, onConnection }) {
    this.onMessage = onMessage;
    this.onConnection = onConnection;
    this.run = "";
    this.cursor = "";
    this.source = null;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.#onVisibility());
  }

  open(run) {
    this.run = run;
    this.cursor = "";
    this.#connect();
  }

  reopen() {
    this.cursor = "";
    this.#connect();
  }

  isLong(store) {
    return store.points > LONG;
  }

  #connect() {
    this.#close();
    this.onConnection("");
    if (!this.run) return;
    const source = new EventSource(`${ROOT}/api/runs/${encodeURIComponent(this.run)}/stream?after=${encodeURIComponent(this.cursor)}`);
    source.onmessage = (event) => {
      this.onConnection("");
      this.cursor = event.lastEventId;
      this.onMessage(JSON.parse(event.data));
    };
    source.onerror = () => this.#onError(source);
    this.source = source;
  }

  #onError(source) {
    const gone = source.readyState === EventSource.CLOSED;
    this.onConnection(gone ? "This run cannot be read; choose another one or reload the page." : "The studio does not answer; trying again. Training goes on.");
  }

  #onVisibility() {
    clearTimeout(this.timer);
    if (document.hidden) this.timer = setTimeout(() => this.#close(), HIDDEN_SECONDS * 1000);
    else if (this.run && !this.source) this.#connect();
  }

  #close() {
    this.source?.close();
    this.source = null;
  }
}
