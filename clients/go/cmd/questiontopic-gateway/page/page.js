// The page: the model's name, questions and their answers. file.js has the part that labels a file.

import { answer } from "./bars.js";
import { useFiles } from "./file.js";
import { describe, predict } from "./server.js";

const part = (id) => document.getElementById(id);
let model; // A promise of the model's description.
let asking; // The AbortController of the newest call.

// levelOf returns the level of the answers: both, or coarse if the model has no fine labels.
async function levelOf() {
  const described = await (model ??= showModel());
  return described.fineLabels?.length ? "BOTH" : "COARSE";
}

async function showModel() {
  try {
    const described = await describe();
    const { name, version } = described.model;
    part("model").textContent = `Model ${name} ${version}; it reads ${(described.languages ?? []).join(", ")}`;
    return described;
  } catch (error) {
    model = undefined; // The next question asks for it again.
    part("model").textContent = "No model";
    throw error;
  }
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
    const predictions = await predict(questions, await levelOf(), own.signal);
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
useFiles(levelOf);

// start asks the question of a link such as /#question=Who+wrote+Ulysses?, or for the model alone.
function start() {
  const linked = new URLSearchParams(location.hash.slice(1)).get("question");
  if (linked) {
    part("questions").value = linked;
    ask();
  } else {
    levelOf().catch((error) => (part("problem").textContent = error.message));
  }
}

window.addEventListener("hashchange", start);
start();
