// needs: base/dom.js
//
// Makes screen readers announce the same things in every widget: growing text as it arrives, a
// reply's ending once, a failure immediately, and never a running clock or decoration.

// Marks a clock, which is silent while it runs and is announced when it stops.
function announceEnd(element, counting) {
  element.setAttribute("role", counting ? "timer" : "status");
  element.setAttribute("aria-live", counting ? "off" : "polite");
}

// Marks a note: a failure is announced immediately, any other note isn't announced.
function announceFailure(note, failed) {
  note.setAttribute("role", failed ? "alert" : "note");
}

// Marks a sentence that changes: each version is announced when the screen reader is next idle.
function announceChanges(element) {
  element.setAttribute("role", "status");
  element.setAttribute("aria-live", "polite");
  return element;
}

// Marks growing text, which is announced as it arrives. Set `live` to "off" if
// an announcer from `makeParagraphAnnouncer` announces the text instead.
function announceGrowth(box, label, live = "polite") {
  makeScrollable(box, "log", label).setAttribute("aria-live", live);
  return box;
}

// Makes a box focusable and scrollable by keyboard; JupyterLab's shortcuts are off inside it.
function makeScrollable(box, role, label) {
  box.tabIndex = 0;
  box.dataset.lmSuppressShortcuts = "true";
  return labelled(box, role, label);
}

function labelled(element, role, label) {
  element.setAttribute("role", role);
  element.setAttribute("aria-label", label);
  return element;
}

function markBusy(element, busy) {
  element.setAttribute("aria-busy", String(busy));
}

function hideFromReaders(element) {
  element.setAttribute("aria-hidden", "true");
  return element;
}

// Creates an invisible element whose content is announced.
const makeAnnouncer = () => announceChanges(make("div", "course-heard"));

// Creates an announcer for completed paragraphs and for a reply's ending. Paragraphs that
// existed when the page opened are not announced.
function makeParagraphAnnouncer() {
  const element = makeAnnouncer();
  const announced = new WeakMap(); // the words announced so far, by paragraph
  let listening = false;
  let last = "";
  const announce = (words) => {
    if (!listening) return;
    element.append(make("p", "", words));
    while (element.children.length > 30) element.firstChild.remove();
  };
  return {
    element,
    listen: () => (listening = true),
    paragraph(root) {
      const [words, before] = [root.textContent.trim(), announced.get(root) ?? ""];
      announced.set(root, words);
      if (words !== before) announce(unread(words, before));
    },
    // Announces an ending, unless `key` is empty or the same as in the last call.
    ending(key, words) {
      if (key && key !== last) announce(words);
      last = key;
    },
  };
}

// Returns the words that haven't been announced yet; a word announced only in part is repeated.
function unread(words, before) {
  if (!words.startsWith(before)) return words;
  const midWord = /^\S/.test(words.slice(before.length));
  return words.slice(midWord ? before.search(/\S*$/) : before.length).trim();
}
