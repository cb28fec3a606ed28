// The part of the page that labels a file.

import { format, parse } from "./csv.js";
import { Labels } from "./labels.js";

const TOPICS = ["topic", "confidence", "fine_topic", "fine_confidence"];
const part = (id) => document.getElementById(id);

// useFiles connects the part. asked returns a promise of the model to ask, with the level that it has: COARSE or BOTH, and
// whether it has the score "none of these".
export function useFiles(asked) {
  let job; // The file that is open: its name, rows, delimiter, and labels by column and model.
  let run; // The AbortController of a run.

  const open = async (file) => {
    run?.abort();
    job = undefined;
    part("job").hidden = true;
    tell("");
    try {
      job = { name: file.name, labels: new Map(), ...(await read(file)) };
      part("column").replaceChildren(...job.rows[0].map((name, i) => new Option(name || `column ${i + 1}`, i)));
      part("column").value = likelyColumn(job.rows);
      part("download").hidden = part("progress").hidden = true;
      part("state").textContent = `${file.name}: ${number(job.rows.length - 1)} rows`;
      part("job").hidden = false;
    } catch (error) {
      tell(`${file.name}: ${error.message}`);
    }
  };

  const start = async () => {
    const { rows, labels, name, delimiter } = job;
    const column = Number(part("column").value);
    const own = (run = new AbortController());
    tell("");
    running(true);
    try {
      const kind = await asked();
      const key = `${column} ${kind.model}`;
      if (!labels.has(key)) labels.set(key, new Labels(rows.slice(1).map((row) => row[column] ?? "")));
      const labelled = labels.get(key);
      const show = watch(labelled);
      await labelled.fill(kind, own.signal, show);
      show();
      const head = [...rows[0], ...TOPICS, ...(kind.scored ? ["none_of_these"] : []), "error"];
      const answered = rows.slice(1).map((row, i) => added(rows[0], row, labelled.found[i], kind.scored));
      offer(name, format([head, ...answered], delimiter));
    } catch (error) {
      own.abort(); // It also ends the calls that are under way.
      if (run === own && error.name !== "AbortError") tell(`${error.message} Press Label to go on.`);
    } finally {
      if (run === own) running(false);
    }
  };

  part("file").addEventListener("change", (event) => event.target.files[0] && open(event.target.files[0]));
  part("job").addEventListener("submit", (event) => {
    event.preventDefault();
    if (part("stop").hidden) start();
  });
  part("stop").addEventListener("click", () => run?.abort());
  for (const choice of ["column", "models"]) {
    part(choice).addEventListener("change", () => (part("download").hidden = true));
  }
  useDrop(open);
}

// useDrop takes a file that is dropped anywhere on the page.
function useDrop(open) {
  const over = (event, on) => {
    event.preventDefault();
    part("drop").classList.toggle("over", on);
  };
  document.addEventListener("dragover", (event) => over(event, true));
  document.addEventListener("dragleave", (event) => over(event, false));
  document.addEventListener("drop", (event) => {
    over(event, false);
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}

// read returns the rows and the delimiter of a file.
async function read(file) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error("The file must be UTF-8. Save it as CSV UTF-8.");
  }
  const parsed = parse(text);
  if (parsed.rows.length < 2) throw new Error("The file must have a line with the names of its columns, and a row.");
  return parsed;
}

// likelyColumn returns the column that is named like a question, or the one with the longest text.
function likelyColumn(rows) {
  const named = rows[0].findIndex((name) => /^(question|text|rawtext|query|sentence)s?$/i.test(name.trim()));
  if (named >= 0) return named;
  const sample = rows.slice(1, 101);
  const length = (i) => sample.reduce((sum, row) => sum + (row[i] ?? "").length, 0);
  return rows[0].reduce((best, _, i) => (length(i) > length(best) ? i : best), 0);
}

// added returns a row with its label. A row that is too short is filled up, so that the new columns stand below each other.
function added(head, row, labelled, scored) {
  const whole = [...row, ...new Array(Math.max(0, head.length - row.length)).fill("")];
  const error = typeof labelled === "string" ? labelled : "";
  const { coarse, fine, noneOfThese } = error ? {} : labelled;
  const score = scored ? [noneOfThese?.toFixed(6) ?? ""] : [];
  return [...whole, ...topAndShare(coarse), ...topAndShare(fine), ...score, error];
}

function topAndShare(topics) {
  return topics ? [topics.topTopic, topics.confidences[topics.topTopic].toFixed(6)] : ["", ""];
}

// watch returns a function that shows the progress, with the rate and the time that remains.
function watch(labelled) {
  const before = labelled.done;
  const began = performance.now();
  return () => {
    const { done, failed, questions } = labelled;
    const rate = (done - before) / ((performance.now() - began) / 1000);
    part("progress").max = questions.length;
    part("progress").value = done;
    let state = `${number(done)} of ${number(questions.length)} rows`;
    if (done < questions.length) {
      state += `, ${number(rate)} a second, ${number(Math.ceil((questions.length - done) / rate))} s to go`;
    }
    if (failed) state += `; ${number(failed)} without a label: the column error says why`;
    part("state").textContent = state;
  };
}

// running shows whether a run is under way. A button that has the focus of the keyboard is neither disabled nor hidden.
function running(on) {
  if (!on && document.activeElement === part("stop")) part("start").focus();
  part("start").setAttribute("aria-disabled", on);
  part("column").disabled = on;
  part("stop").hidden = !on;
  if (on) {
    part("progress").hidden = false;
    part("download").hidden = true;
  }
}

// offer shows the link that downloads the labelled file.
function offer(name, text) {
  const link = part("download");
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name.replace(/(\.\w+)?$/, "-labelled$1");
  link.textContent = `Download ${link.download}`;
  link.hidden = false;
}

function tell(problem) {
  part("file-problem").textContent = problem;
}

function number(value) {
  return Math.round(value).toLocaleString("en");
}
