// Hold: whether a finger or a mouse button is down on an element, so that nothing is drawn anew under it.
export class Hold {
  constructor(element, onLetGo) {
    this.isHeld = false;
    element.addEventListener("pointerdown", () => {
      this.isHeld = true;
    });
    const letGo = () => {
      if (!this.isHeld) return;
      this.isHeld = false;
      onLetGo();
    };
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(letGo), true); // after the click
  }
}
