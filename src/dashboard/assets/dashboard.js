// What the page does better with a script, and does without one too: moments in the reader's own time, the time that is
// left, and word of what has come or gone.
const NEWS_EVERY_MS = 15_000;

// A link of another site: go on as this one, to the same item.
const goOn = document.querySelector("[data-go-on]");
if (goOn !== null) location.replace(goOn.href + location.hash);

for (const moment of document.querySelectorAll("time:not([data-until])")) {
  const at = new Date(moment.dateTime);
  moment.title = moment.dateTime;
  moment.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

function showTimeLeft() {
  for (const time of document.querySelectorAll("time[data-until]")) {
    const minutes = Math.floor((Date.parse(time.dateTime) - Date.now()) / 60_000);
    time.textContent = minutes < 1
      ? "less than a minute"
      : minutes === 1
      ? "1 minute"
      : minutes < 120
      ? `${minutes} minutes`
      : `${Math.floor(minutes / 60)} hours`;
  }
}

const list = document.querySelector("[data-mark]");
const news = document.querySelector("[data-news]");

async function askForNews() {
  if (document.hidden || list === null || !news.hidden) return;
  try {
    const response = await fetch("/dashboard/waiting", { headers: { accept: "application/json" } });
    if (!response.ok) return;
    const { mark } = await response.json();
    if (mark !== list.dataset.mark) {
      news.hidden = false;
      document.title = `• ${document.title}`;
    }
  } catch {
    // The server is away; the next round asks again.
  }
}

if (list !== null) {
  setInterval(() => {
    showTimeLeft();
    askForNews();
  }, NEWS_EVERY_MS);
}
