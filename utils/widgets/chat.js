// Draws the chat: turns above, a box to type in below. Questions, notes and stages are set as text;
// a reply's blocks are HTML that the kernel made safe: nothing in them can run or fetch.

function initializeChat({ model }) {
  initialize({ model });
  // The kernel has ended: the last turn is over, and offers nothing.
  const begun = () => model.get("items").length > 0;
  endWithKernel(model, begun, () => {
    const items = model.get("items").map((item) =>
      item.kind === "stages" ? { ...item, stages: stopped(item.stages) } : item);
    const foot = { ...items.at(-1), actions: [] };
    const end = OPEN.includes(foot.phase) ? { ...foot, phase: "stopped", note: GONE, stalled: false } : foot;
    return { items: [...items.slice(0, -1), end] };
  });
}

const OPEN = ["waiting", "streaming"]; // phases in which more may arrive
const ACTIONS = { Continue: "go on", Regenerate: "regenerate", "Try again": "regenerate" };
const SLOW = 700; // milliseconds until an unanswered request is explained

function button(words, className, act) {
  const element = make("button", className, words);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

// What of these words was not told yet; a word that broke off is told again, whole.
function rest(words, told) {
  if (!words.startsWith(told)) return words;
  const broken = /^\S/.test(words.slice(told.length));
  return words.slice(broken ? told.search(/\S*$/) : told.length).trim();
}

function render({ model, el }) {
  el.classList.add("course-live", "course-chat");
  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab's keys, such as Esc, stay away
  const title = make("div", "course-title", model.get("title"));
  const log = make("div", "course-transcript");
  log.tabIndex = 0;
  log.setAttribute("role", "log");
  log.setAttribute("aria-live", "off"); // it is rewritten as it grows; `heard` tells it once
  log.setAttribute("aria-label", model.get("title") || "Conversation");
  const empty = make("div", "course-chat-empty", "Ask something below.");
  const heard = make("div", "course-heard");
  heard.setAttribute("role", "status");
  heard.setAttribute("aria-live", "polite");
  const hint = makeWriting("div", "course-chat-hint");
  hint.setAttribute("role", "status");
  const box = make("textarea", "course-chat-box");
  box.rows = 1;
  box.dir = "auto";
  box.placeholder = "Type a message";
  box.setAttribute("aria-label", "Your message");
  const send = button("Send", "course-chat-send", () => submit());
  const stop = button("Stop", "course-chat-stop", () => {
    model.send("stop");
    box.focus(); // Stop is about to be disabled: a keyboard goes on from the box
  });
  send.title = "Enter";
  stop.title = "Esc";
  const composer = make("div", "course-composer");
  composer.append(box, send, stop);
  el.append(title, log, hint, composer, heard);

  // What is sent, and what the kernel says to it.

  let sent = null; // what was sent and not taken yet
  let patience;
  const say = (words) => {
    if (hint.textContent !== words) hint.textContent = words;
  };
  function request(content) {
    clearTimeout(patience);
    patience = setTimeout(() => {
      if (!model.get("busy")) say("The kernel does not hear: a cell keeps it busy, or it was ended.");
    }, SLOW);
    model.send(content);
  }
  function submit() {
    if (model.get("gone")) return say(GONE);
    if (!box.value.trim()) return box.focus();
    if (model.get("busy")) return say("One reply at a time: your message stays here until then.");
    sent = box.value;
    request({ ask: sent });
  }
  model.on("msg:custom", ({ took }) => {
    if (took === undefined) return;
    if (sent !== null && sent.trim() === took && box.value === sent) box.value = "";
    sent = null;
    fit();
    log.scrollTop = log.scrollHeight; // one's own question is worth seeing
  });

  const fit = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 160)}px`;
  };
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  el.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape" && model.get("busy")) {
      model.send("stop");
      box.focus();
    }
  });

  // What stands in the conversation: a node for each item, grouped in turns.

  const nodes = [];

  const makers = {
    question() {
      const turn = make("article", "course-turn");
      turn.setAttribute("aria-label", `Turn ${log.querySelectorAll(".course-turn").length + 1}`);
      const bubble = makeWriting("div", "course-question");
      turn.append(make("span", "course-heard", "You asked: "), bubble);
      log.append(turn);
      return { root: turn, fill: ({ text }) => (bubble.textContent = text) };
    },
    stages() {
      const list = make("ol", "");
      list.setAttribute("aria-label", "What went on");
      log.lastElementChild.append(list);
      return { root: list, fill: ({ stages }) => drawStages(list, stages) };
    },
    block() {
      const block = make("div", "course-block");
      log.lastElementChild.append(block);
      return { root: block, fill: (html) => fillWith(block, html) };
    },
    foot() {
      const foot = make("div", "course-foot");
      const badge = make("span", "course-badge");
      const note = makeWriting("span", "course-chat-note");
      const buttons = make("span", "course-chat-actions");
      foot.append(badge, note, buttons);
      log.lastElementChild.append(foot);
      let offered = "";
      const fill = ({ phase, badge: figures, note: words, stalled, actions }) => {
        foot.dataset.phase = badge.dataset.phase = phase;
        foot.dataset.stalled = String(stalled);
        foot.parentElement.setAttribute("aria-busy", String(OPEN.includes(phase)));
        if (badge.textContent !== figures) badge.textContent = figures;
        if (note.textContent !== words) note.textContent = words;
        if (offered === actions.join()) return;
        offered = actions.join();
        const offer = (name) =>
          button(name, "", () => {
            request(ACTIONS[name]);
            box.focus(); // the button is about to go
          });
        buttons.replaceChildren(...actions.map(offer));
      };
      return { root: foot, fill };
    },
  };
  const kindOf = (item) => (typeof item === "string" ? "block" : item.kind);

  follow(model, (items, from) =>
    keepsUp(log, () => {
      // What is no longer of the same kind at its place goes, and all after it.
      let same = from;
      while (same < Math.min(nodes.length, items.length) && nodes[same].kind === kindOf(items[same])) {
        same += 1;
      }
      for (const { root } of nodes.splice(same).reverse()) {
        clearInterval(root.courseTick);
        root.remove();
      }
      items.slice(from).forEach((item, offset) => {
        const place = from + offset;
        const kind = kindOf(item);
        nodes[place] ??= { kind, ...makers[kind]() };
        nodes[place].fill(item);
      });
      if (items.length) empty.remove();
      else log.append(empty);
      tell(items, from);
    }),
  );

  // For screen readers: each paragraph once, when it is whole; then how it ended. Of one that broke
  // off and went on, they hear the rest.

  let untold = 0; // all items before this one have been told as they are

  function tell(items, from) {
    if (!items.length) return;
    const foot = items.at(-1);
    const over = !OPEN.includes(foot.phase);
    const blocks = nodes.slice(Math.min(untold, from)).filter(({ kind }) => kind === "block");
    const whole = over ? blocks : blocks.slice(0, -1);
    const last = blocks.length ? nodes.indexOf(blocks.at(-1)) : Math.min(untold, items.length);
    untold = over ? items.length : last;
    for (const { root } of whole) {
      const [words, told] = [root.textContent.trim(), root.courseTold ?? ""];
      root.courseTold = words;
      if (words !== told && el.courseListening) heard.append(make("p", "", rest(words, told)));
    }
    const state = over ? `${foot.badge}. ${foot.note}` : foot.stalled ? foot.note : "";
    const key = over ? state : foot.stalled ? "stalled" : "";
    if (key && key !== heard.courseState && el.courseListening) heard.append(make("p", "", state));
    heard.courseState = key;
    while (heard.children.length > 30) heard.firstChild.remove();
  }
  el.courseListening = true; // what stood there before is not read out

  const drawBusy = () => {
    const gone = model.get("gone") === true;
    const busy = model.get("busy") && !gone;
    send.disabled = busy || gone;
    stop.disabled = !busy;
    el.dataset.busy = String(busy);
    clearTimeout(patience);
    say(gone ? GONE : model.get("hint"));
  };
  model.on("change:busy", drawBusy);
  model.on("change:gone", drawBusy);
  model.on("change:hint", () => say(model.get("hint")));
  drawBusy();
  return () => {
    clearTimeout(patience);
    for (const { root } of nodes) clearInterval(root.courseTick);
  };
}

export default hearing({ initialize: initializeChat, render });
