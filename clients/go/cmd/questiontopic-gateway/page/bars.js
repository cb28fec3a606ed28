// The answers as bars. Text of a user or a server is only ever set as text, never as HTML.

const MEANINGS = {
  ABBR: "abbreviation",
  DESC: "description",
  ENTY: "thing",
  HUM: "person or group",
  LOC: "place",
  NUM: "number or date",
};
const FINE_SHOWN = 6;
const LIKELY = 0.5; // From this score on, a question more likely belongs to none of the topics.

// answer returns the element of one question and its prediction. The finer topics are open if the question is the only one.
export function answer(question, prediction, only) {
  const article = element("article");
  article.append(element("h2", "", question));
  if (prediction.noneOfThese !== undefined) article.append(score(prediction.noneOfThese));
  article.append(bars(prediction.coarse));
  if (prediction.fine) {
    const details = element("details");
    details.open = only;
    details.append(element("summary", "", `Finer: ${prediction.fine.topTopic}`), bars(prediction.fine, FINE_SHOWN));
    article.append(details);
  }
  if (prediction.truncated) {
    article.append(element("p", "hint", "The question is long: the model did not read its end."));
  }
  return article;
}

// score returns the line with the probability that a question belongs to none of the topics.
function score(noneOfThese) {
  const likely = noneOfThese >= LIKELY;
  return element("p", likely ? "none likely" : "none hint", `None of these topics: ${percent(noneOfThese)}`);
}

function bars(topics, shown) {
  const list = element("ul");
  const sorted = Object.entries(topics.confidences).sort(([, a], [, b]) => b - a);
  for (const [topic, confidence] of sorted.slice(0, shown)) {
    const row = element("li", topic === topics.topTopic ? "top" : "");
    const bar = element("span", "bar");
    bar.setAttribute("aria-hidden", "true");
    bar.append(element("span"));
    bar.firstChild.style.width = `${100 * confidence}%`;
    const name = Object.hasOwn(MEANINGS, topic) ? `${topic} ${MEANINGS[topic]}` : topic;
    row.append(element("span", "", name), bar, element("span", "share", percent(confidence)));
    list.append(row);
  }
  return list;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
