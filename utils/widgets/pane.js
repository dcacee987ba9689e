// Draws a pane whose text only grows. The kernel sends each new piece once, numbered; what has
// arrived is kept in the model, so that every view of it, early or late, shows the whole text.

function initialize({ model }) {
  keepPanelTime({ model });
  let asked = false;
  model.on("msg:custom", ({ seq, text, fresh }) => {
    if (seq === model.get("seq")) return; // sent again, and nothing was lost
    if (fresh || seq === model.get("seq") + 1) {
      model.set({ seq, text: fresh ? text : model.get("text") + text });
    } else if (seq > model.get("seq") && !asked) {
      asked = true; // a message was lost on the way: ask for the whole text, once
      model.send("whole text");
    }
  });
  model.on("change:seq", () => (asked = false));
}

function render({ model, el }) {
  el.classList.add("course-pane");
  const text = makeWriting("div", "course-text");
  text.tabIndex = 0;
  text.dataset.lmSuppressShortcuts = "true"; // arrow keys scroll here, not go to the next cell
  text.setAttribute("role", "log");
  text.setAttribute("aria-live", "polite");
  text.setAttribute("aria-label", model.get("label"));
  const words = text.appendChild(document.createTextNode(""));
  const note = makeWriting("div", "course-note");
  el.append(text, note);

  let followed = 0; // how far down this pane last scrolled by itself
  let byHand = false;
  const moved = () => Math.abs(text.scrollTop - followed) > 2;
  text.addEventListener("scroll", () => {
    byHand ||= moved();
  });
  const drawText = () => {
    const whole = model.get("text");
    if (whole === "") [followed, byHand] = [0, false];
    const fresh = words.length === 0; // a reply that comes whole is read from its top
    const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight <= 40;
    const scrolledUp = !atEnd && moved();
    if (whole.startsWith(words.data)) words.appendData(whole.slice(words.length));
    else words.data = whole;
    if (fresh || scrolledUp) return;
    text.scrollTop = text.scrollHeight;
    followed = text.scrollTop;
  };
  const rest = () => {
    if (!model.get("at_rest") || byHand) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    text.scrollTo({ top: 0, behavior: still ? "auto" : "smooth" });
  };
  const drawPhase = () => {
    const phase = model.get("phase");
    el.dataset.phase = phase;
    text.setAttribute("aria-busy", String(phase === "waiting"));
    note.setAttribute("role", phase === "failed" ? "alert" : "note");
  };
  model.on("change:text", drawText);
  model.on("change:at_rest", rest);
  model.on("change:phase", drawPhase);
  drawPhase();
  drawText();
  return writeCounting(model, note, "note");
}

export default hearing({ initialize, render });
