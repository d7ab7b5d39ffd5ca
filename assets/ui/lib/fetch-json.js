// A request whose refusal says what is wrong and how to mend it.
import { ROOT } from "./root.js";

const PAUSE = 2000; // ms between two tries while the studio does not answer

class NoAnswer extends Error {}

export async function fetchJson(url, options) {
  const response = await fetch(`${ROOT}${url}`, options).catch(() => null);
  const content = await response?.json().catch(() => null);
  if (response && !response.ok) throw new Error(content?.problems?.map(advice).join("; ") ?? "The studio could not do this");
  if (!content) throw new NoAnswer("The studio does not answer. Start it again, or wait a moment");
  return content;
}

// What the page wants to know of itself, asked for until the studio answers; null if it is refused. Never rejects.
export async function learn(url, onRefused = report) {
  for (;;) {
    try {
      const content = await fetchJson(url);
      report("");
      return content;
    } catch (error) {
      if (!(error instanceof NoAnswer)) return onRefused(error.message) ?? null;
      report(error.message);
    }
    await pause();
  }
}

// Tell the page why it does not know what it wants to know; "" when all is well again.
export function report(trouble) {
  document.dispatchEvent(new CustomEvent("rwp:unknown", { detail: trouble }));
}

export function pause() {
  return new Promise((resolve) => setTimeout(resolve, PAUSE));
}

export function postJson(url, given = {}) {
  return fetchJson(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given) });
}

// What is wrong and its cure, in one line.
export function advice({ what, cure }) {
  return [what, cure].filter(Boolean).join(". ");
}
