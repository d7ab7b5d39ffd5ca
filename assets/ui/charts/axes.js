// Axes: what may stand on the x axis, and smoothing. All of it happens here, without a request.
export const TITLES = { step: "step", epoch: "epoch", seconds: "training time (s)", evaluations: "gradient evaluations", samples: "images in mini-batches" };

// Places on each axis that the points of a curve of one run have.
export const AXES = {
  step: (curve) => curve.step,
  epoch: (curve, status) => along(curve.step, status.epoch_curve.length > 1 ? status.epoch_curve : [[0, 0], [status.steps, status.epochs]]),
  seconds: (curve) => curve.seconds,
  evaluations: (curve, status) => scaled(curve.step, status.gradient_evaluations / status.step),
};

// The place of one step on an axis.
export function placeOf(axis, step, store) {
  return AXES[axis]({ step: [step], seconds: [store.secondsAt(step)] }, store.status)[0];
}

function scaled(steps, factor) {
  return Number.isFinite(factor) ? steps.map((step) => step * factor) : steps;
}

// The epoch of each step, on straight lines between the points of the epoch curve: it bends where the batch size was changed.
function along(steps, curve) {
  return steps.map((step) => {
    const after = curve.findIndex(([at]) => at >= step);
    if (after < 1) return curve.at(after)[1];
    const [[from, start], [to, end]] = curve.slice(after - 1, after + 1);
    return to > from ? start + (step - from) * ((end - start) / (to - from)) : start;
  });
}

// Exponential moving average without bias at the start, as TensorBoard shows it; gaps stay gaps.
export function smoothed(values, weight) {
  if (!weight) return values;
  let average = 0;
  let seen = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    seen += 1;
    return average / (1 - weight ** seen);
  });
}
