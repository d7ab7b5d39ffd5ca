// Paper: what the paper reports for the training that is shown, if it reports anything.
import { element } from "../lib/element.js";
import { learn } from "../lib/fetch-json.js";
import { spread } from "../lib/format.js";
import { ROOT } from "../lib/root.js";

export class Paper {
  constructor(find) {
    this.hint = find("paper");
    this.run = "";
  }

  async follow(run) {
    this.run = run;
    this.hint.hidden = true;
    if (!run) return;
    const found = await learn(`/api/runs/${encodeURIComponent(run)}/paper`);
    if (run === this.run && found?.paper) this.#tell(found);
  }

  #tell({ name, title, paper, differs }) {
    const link = element("a", { href: `${ROOT}/?recipe=${encodeURIComponent(name)}`, title: "Open in the form" }, title);
    this.hint.replaceChildren("The paper reports a test accuracy of ", `${spread(paper.accuracy, paper.sd)} % for `, link, ` (Table ${paper.table}).`);
    if (differs.length) this.hint.append(" ", element("span", { className: "rwp-differs" }, `≠ ${differs.join("; ")}`));
    this.hint.hidden = false;
  }
}
