// How a value came to be, beside the values; without scripts the link leads to the same as a page.

import { sayFailure } from "./base.js";

const place = document.getElementById("whence");

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.whence");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const timeline = page.getElementById("timeline");
    if (!answer.ok || !timeline) return location.assign(link.href);
    place.replaceChildren(document.adoptNode(timeline));
    const title = document.getElementById("timeline-title");
    title.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  } catch (error) {
    sayFailure(error);
  }
});
