// needs: base/anywidget_patch.js base/dom.js base/screen_reader.js
//
// A question with answers to choose from, and feedback on the answer that was locked in.
// Everything is set as text, never as HTML; text between backticks is shown as code.

function writeFormatted(element, words) {
  words.split("`").forEach((part, index, parts) => {
    const code = index % 2 === 1 && index < parts.length - 1;
    const open = index % 2 === 1 && !code ? "`" : ""; // an unpaired backtick is literal
    element.append(code ? Object.assign(make("code", "", part), { dir: "ltr" }) : open + part);
  });
  return element;
}

const makeFormatted = (tag, className, words) => writeFormatted(make(tag, className, ""), words);

// Returns the mark to show beside an answer once the feedback is revealed.
function mark(chosen, right) {
  if (!chosen && !right) return "";
  const symbol = hideFromReaders(make("span", "", right ? "✓ " : "✗ "));
  const whose = chosen ? "your answer" : "right answer";
  const badge = make("strong", "course-mark", "");
  badge.append(symbol, chosen && right ? `${whose}, right` : whose);
  return badge;
}

function render({ model, el }) {
  // Radio buttons with the same name form one group across the page, so each widget uses a random
  // name. A counter would repeat names, since each widget loads its own copy of this file.
  const name = `course-prediction-${Math.random()}`;
  el.classList.add("course-live", "course-prediction");
  const fieldset = make("fieldset");
  fieldset.append(makeFormatted("legend", "", model.get("question")));
  const radios = model.get("options").map((words, index) => {
    const label = make("label", "course-choice");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name });
    radio.addEventListener("change", () => {
      model.set("chosen", index);
      model.save_changes();
    });
    label.append(radio, makeFormatted("span", "", words));
    fieldset.append(label);
    return radio;
  });
  const marks = radios.map((radio) => radio.parentElement.appendChild(make("span", "", "")));
  const lock = makeButton("course-lock", "Lock in my answer", () => model.send("lock"));
  const compare = makeButton("course-compare", "Compare with what happened", () => model.send("reveal"));
  const next = announceChanges(make("span", "course-next", ""));
  const feedback = announceChanges(make("div", "course-feedback course-callout", ""));
  const buttons = make("div", "course-buttons");
  buttons.append(lock, compare, next);
  fieldset.append(buttons, feedback);
  // Turns off JupyterLab shortcuts here: the arrow keys, for example, would select another cell.
  for (const control of [...radios, lock, compare]) control.dataset.lmSuppressShortcuts = "true";
  el.append(fieldset);

  const draw = () => {
    const [chosen, locked, right] = ["chosen", "locked", "right"].map((key) => model.get(key));
    const answers = model.get("answers");
    const gone = model.get("gone") === true;
    radios.forEach((radio, index) => {
      radio.checked = index === chosen;
      radio.disabled = locked || gone;
      radio.parentElement.setAttribute("aria-disabled", String(locked));
      radio.parentElement.classList.toggle("course-right", answers.includes(index));
      marks[index].replaceChildren(
        right === null ? "" : mark(index === chosen, answers.includes(index)),
      );
    });
    const onLock = document.activeElement === lock;
    lock.disabled = locked || chosen === null || gone;
    lock.textContent = locked ? "Answer locked in" : "Lock in my answer";
    compare.disabled = !locked || right !== null || gone;
    const advice = locked ? "Run on until you see it, then compare." : "";
    write(next, right !== null ? "" : gone ? KERNEL_ENDED : advice);
    if (onLock && locked) compare.focus(); // a disabled button loses keyboard focus
    feedback.replaceChildren();
    if (right !== null) {
      feedback.dataset.right = String(right);
      feedback.append(make("strong", "", right ? "You predicted it." : "Not this time."));
      writeFormatted(feedback, model.get("feedback"));
    }
  };
  for (const name of ["chosen", "locked", "right", "feedback", "answers", "gone"]) model.on(`change:${name}`, draw);
  draw();
}

export default patched({ render });
