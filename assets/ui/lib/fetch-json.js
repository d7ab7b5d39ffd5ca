// A request whose refusal says what is wrong and how to mend it.
import { ROOT } from "./root.js";

const PAUSE = 2000; // ms between two tries while the studio does not answer

class NoAnswer extends Error {}

export async function fetchJson(url, options) {
  const response = await fetch(`${ROOT}${url}`, options).catch(() => null);
  const content = await response?.json().catch(() => null);
  if (response && !response.ok) throw new Error(why(content));
  if (!content) throw new NoAnswer("The studio does not answer. Start it again, or wait a moment");
  return content;
}

function why(content) {
  return content?.problems?.map(advice).join("; ") ?? "The studio could not do this";
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
  return fetchJson(url, posted(given));
}

function posted(given) {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given) };
}

// The answer to a request that takes its time, line by line; whoever stops reading ends it.
export async function* postLines(url, given) {
  const response = await fetch(`${ROOT}${url}`, posted(given)).catch(() => null);
  if (!response) throw new NoAnswer("The studio does not answer. Start it again, or wait a moment");
  if (!response.ok) throw new Error(why(await response.json().catch(() => null)));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for await (const line of linesOf(reader)) {
      const content = JSON.parse(line);
      if (content.problems) throw new Error(why(content));
      yield content;
    }
  } finally {
    reader.cancel();
  }
}

async function* linesOf(reader) {
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

// What is wrong and its cure, in one line.
export function advice({ what, cure }) {
  return [what, cure].filter(Boolean).join(". ");
}
