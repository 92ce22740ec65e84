// Teach: a paragraph is learned in a moment and can be asked about; Forget takes it out again.

import { api, h, problem, say } from "./dom.js";

// `run` gives the chosen run's name, `ask` asks it a question.
export function teach(run, ask) {
  const text = h("textarea", { id: "teach", rows: "3", maxlength: 10000, spellcheck: "false", placeholder: "Ada Quill. Ada Quill was born in Tromsø and became a glassblower." });
  const result = h("div", { class: "taught", "aria-live": "polite" });
  const button = h("button", { class: "primary", type: "submit" }, "Learn");
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); learn(); } },
    h("label", { for: "teach" }, "A title, a full stop, and a few sentences about it"), text, button);

  async function busy(work) {
    button.disabled = true;
    try { await work(); } catch (error) { result.replaceChildren(problem(error)); } finally { button.disabled = false; }
  }

  const learn = () => text.value.trim() && busy(async () => {
    const { title, question, seconds, answers, known } = await api("/api/learn", { run: run(), text: text.value });
    const words = known ? `It knows this about ${title} already.` : `Learned ${answers} answers about ${title} in ${seconds.toFixed(2)} s. Nothing else in the model has changed.`;
    result.replaceChildren(
      h("p", {}, words),
      h("p", { class: "chips" },
        h("button", { class: "chip", type: "button", onclick: () => ask(question) }, question, h("small", {}, "just learned")),
        h("button", { class: "chip", type: "button", onclick: () => forget(title) }, `Forget ${title}`)));
    say(words);
    ask(question);
  });

  const forget = (title) => busy(async () => {
    const { question } = await api("/api/forget", { run: run(), title });
    const words = `Forgot ${title}: the model is again as if it had never read this.`;
    result.replaceChildren(
      h("p", {}, words),
      h("p", { class: "chips" }, h("button", { class: "chip", type: "button", onclick: () => ask(question) }, question, h("small", {}, "forgotten"))));
    say(words);
    ask(question);
  });

  return h("details", { class: "teach" }, h("summary", {}, "Teach it something"), form, result);
}
