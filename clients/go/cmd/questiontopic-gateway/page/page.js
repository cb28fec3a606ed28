// The page: the choice of a model, questions and their answers. file.js has the part that labels a file.

import { answer } from "./bars.js";
import { useFiles } from "./file.js";
import { describe, models, predict } from "./server.js";

const part = (id) => document.getElementById(id);
let model; // A promise of what to ask for: the name of the model, the level of its answers, and whether they are scored.
let asking; // The AbortController of the newest call.

// asked returns the model that is chosen. The level is both, or coarse if the model has no fine labels.
function asked() {
  return (model ??= showModel());
}

async function showModel() {
  const choice = part("models");
  let chosen = choice.value;
  try {
    if (choice.length === 0) {
      await offerModels();
      chosen = choice.value;
    }
    const described = await describe(chosen);
    const { name, version } = described.model;
    const languages = (described.languages ?? []).join(", ");
    const scored = described.hasNoneOfThese ?? false;
    if (choice.value === chosen) {
      part("model").textContent = `Model ${name} ${version}; it reads ${languages}`;
      part("score").hidden = !scored;
    }
    return { model: chosen, level: described.fineLabels?.length ? "BOTH" : "COARSE", scored };
  } catch (error) {
    if (choice.value === chosen) {
      model = undefined; // The next question asks for it again.
      part("model").textContent = "No model";
    }
    throw error;
  }
}

// offerModels shows the choice of models if the gateway has several.
async function offerModels() {
  const names = await models();
  part("models").replaceChildren(...names.map((name) => new Option(name)));
  part("choice").hidden = names.length < 2;
}

function tell(error) {
  part("problem").textContent = error.message;
}

async function ask() {
  const questions = part("questions").value.split("\n").filter((line) => line.trim() !== "");
  if (questions.length === 0) return;
  asking?.abort();
  const own = (asking = new AbortController());
  let answers = [];
  let problem = "";
  part("answers").setAttribute("aria-busy", "true");
  try {
    const predictions = await predict(questions, await asked(), own.signal);
    answers = questions.map((question, i) => answer(question, predictions[i], questions.length === 1));
  } catch (error) {
    problem = error.message;
  }
  if (asking !== own) return; // A newer call is under way.
  part("problem").textContent = problem;
  part("answers").replaceChildren(...answers);
  part("answers").removeAttribute("aria-busy");
}

part("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
part("questions").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) part("ask").requestSubmit();
});
part("models").addEventListener("change", () => {
  model = undefined;
  tell({ message: "" });
  asked().catch(tell);
});
useFiles(asked);

// start asks the question of a link such as /#question=Who+wrote+Ulysses?, or for the model alone.
function start() {
  const linked = new URLSearchParams(location.hash.slice(1)).get("question");
  if (linked) {
    part("questions").value = linked;
    ask();
  } else {
    asked().catch(tell);
  }
}

window.addEventListener("hashchange", start);
start();
