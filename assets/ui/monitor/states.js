// States of a run, as the engine names them, by what they mean for the page.
export const WORKING = ["running", "paused", "measuring"];
export const BROKEN = ["diverged", "failed", "interrupted"];
export const ENDED = ["finished", "stopped", ...BROKEN];
