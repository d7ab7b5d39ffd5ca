// After the next frame was shown: what takes long is done in parts, and between them the page is painted and answers.
export function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
