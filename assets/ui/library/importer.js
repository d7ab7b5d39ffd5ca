// Importer: takes a zip archive by drop or choice, shows how far it has come, and why it is refused.
import { advice } from "../lib/fetch-json.js";
import { bytes } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

export class Importer {
  constructor(root, find, { onImported }) {
    this.frame = find("import");
    this.file = find("file");
    this.line = find("progress-line");
    this.progress = find("progress");
    this.text = find("progress-text");
    this.problem = find("import-problem");
    this.imagesLine = find("images-line");
    this.images = find("images");
    this.onImported = onImported;
    this.limit = Infinity;
    this.request = null;
    this.file.addEventListener("change", () => this.#begin(this.file.files[0]));
    find("cancel").addEventListener("click", () => this.request?.abort());
    find("again").addEventListener("click", () => this.#begin(this.archive));
    root.addEventListener("dragover", (event) => this.#onDrag(event, true));
    root.addEventListener("dragleave", (event) => this.#onDrag(event, false));
    root.addEventListener("drop", (event) => this.#onDrop(event));
  }

  #onDrag(event, isOver) {
    event.preventDefault();
    this.frame.classList.toggle("rwp-over", isOver);
  }

  #onDrop(event) {
    this.#onDrag(event, false);
    this.#begin(event.dataTransfer.files[0]);
  }

  #begin(archive) {
    if (!archive || this.request) return;
    this.archive = archive;
    this.#tell("");
    if (archive.size > this.limit) this.#tell(`${archive.name} is too large. Send at most ${bytes(this.limit)}, or use rwp-studio import`);
    else this.#send(archive);
  }

  #send(archive) {
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    this.request = request;
    this.#show(0, archive);
    request.upload.addEventListener("progress", ({ loaded }) => this.#show(loaded, archive));
    request.addEventListener("loadend", () => this.#onEnd(request));
    request.open("POST", `${ROOT}/api/import?images=${encodeURIComponent(this.imagesLine.hidden ? "" : this.images.value)}`);
    request.send(archive);
  }

  #show(sent, { name, size }) {
    this.line.hidden = false;
    this.progress.value = size ? sent / size : 0;
    this.text.textContent = sent < size ? `Sending ${name}: ${bytes(sent)} of ${bytes(size)}` : `Looking ${name} over …`;
  }

  async #onEnd(request) {
    this.request = null;
    this.line.hidden = true;
    this.file.value = "";
    const answer = parsed(request.responseText);
    if (request.status === 200) {
      this.imagesLine.hidden = true;
      await this.onImported(answer.run);
    } else this.#refused(answer.problems);
  }

  #refused(problems) {
    if (!problems) return this.#tell("The upload broke off; nothing was imported. Send it again");
    this.imagesLine.hidden = !problems.some(({ field }) => field === "data.path");
    this.#tell(problems.map((problem) => [problem.field, advice(problem)].filter(Boolean).join(": ")).join("; "));
    if (!this.imagesLine.hidden) this.images.focus();
  }

  #tell(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
