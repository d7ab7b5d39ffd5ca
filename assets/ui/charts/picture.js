// A picture of a few pixels, from 0 to 255: one channel or three, each row by row.
export function pictureOf(pixels, [channels, high, wide], text) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [wide, high];
  canvas.role = "img";
  canvas.ariaLabel = text;
  canvas.getContext("2d").putImageData(new ImageData(colours(pixels, channels, wide * high), wide, high), 0, 0);
  return canvas;
}

// Red, green, blue and opacity of every pixel.
export function colours(pixels, channels, count) {
  const found = new Uint8ClampedArray(4 * count);
  for (let at = 0; at < count; at += 1) {
    for (let colour = 0; colour < 3; colour += 1) found[4 * at + colour] = pixels[(channels < 3 ? 0 : colour * count) + at];
    found[4 * at + 3] = 255;
  }
  return found;
}
