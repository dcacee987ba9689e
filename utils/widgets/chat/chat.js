// needs: base/synced_list.js live_markdown/blocks.js status_line/stages.js
//
// The conversation, with an input box below. A turn's items are its question, its stages, blocks of
// the reply and a footer. Blocks are HTML, which the kernel has sanitized; all else is set as text.

function initialize({ model }) {
  receiveItems({ model });
  // Once the kernel has ended, the last turn is no longer open and has no buttons.
  const begun = () => model.get("items").length > 0;
  endWithKernel(model, begun, () => {
    const items = model.get("items").map((item) =>
      item.kind === "stages" ? { ...item, stages: stopped(item.stages) } : item);
    const foot = { ...items.at(-1), actions: [] };
    const end = OPEN.includes(foot.phase) ? { ...foot, phase: "stopped", note: KERNEL_ENDED, stalled: false } : foot;
    return { items: [...items.slice(0, -1), end] };
  });
}

const ACTIONS = { Continue: "go on", Regenerate: "regenerate", "Try again": "regenerate" };
const SLOW = 700; // milliseconds until the page reports that the kernel isn't responding

function render({ model, el }) {
  el.classList.add("course-live", "course-chat");
  el.dataset.lmSuppressShortcuts = "true"; // turns off JupyterLab shortcuts, such as Esc
  const title = make("div", "course-title", model.get("title"));
  const log = announceGrowth(
    make("div", "course-transcript"), model.get("title") || "Conversation", "off");
  const empty = make("div", "course-chat-empty", "Ask something below.");
  const announcer = makeParagraphAnnouncer();
  const hint = announceChanges(make("div", "course-chat-hint", ""));
  const box = make("textarea", "course-chat-box");
  box.rows = 1;
  box.dir = "auto";
  box.placeholder = "Type a message";
  box.setAttribute("aria-label", "Your message");
  const send = makeButton("course-chat-send", "Send", () => submit());
  const pressStop = () => {
    model.send("stop");
    box.focus(); // the Stop button is about to be disabled and would lose focus
  };
  const stop = makeButton("course-chat-stop", "Stop", pressStop);
  send.title = "Enter";
  stop.title = "Esc";
  const composer = make("div", "course-composer");
  composer.append(box, send, stop);
  el.append(title, log, hint, composer, announcer.element);

  // Requests to the kernel.

  let sent = null; // the last message sent; null once the kernel has accepted it
  let patience; // the timer after which the page reports that the kernel isn't responding
  const showHint = (words) => write(hint, words);
  function request(content) {
    clearTimeout(patience);
    patience = setTimeout(() => {
      if (model.get("busy")) return;
      showHint("The kernel doesn't respond: a cell keeps it busy, or it has ended.");
    }, SLOW);
    model.send(content);
  }
  function submit() {
    if (model.get("gone")) return showHint(KERNEL_ENDED);
    if (!box.value.trim()) return box.focus();
    if (model.get("busy")) return showHint("One reply at a time: your message stays here until then.");
    sent = box.value;
    request({ ask: sent });
  }
  model.on("msg:custom", ({ took }) => {
    if (took === undefined) return;
    if (sent !== null && sent.trim() === took && box.value === sent) box.value = "";
    sent = null;
    fit();
    log.scrollTop = log.scrollHeight; // scrolls to the new question
  });

  const fit = () => { // makes the box as tall as its text, up to 160 pixels
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
    if (event.key === "Escape" && model.get("busy")) pressStop();
  });

  // The conversation.

  const nodes = []; // for each item: its kind, its root element, and `fill`, which draws it
  let settled = 0; // items before this index have been announced in their final form

  // For each kind of item, a function that adds an element and returns its `root` and `fill`.
  const makers = {
    question() {
      const turn = make("article", "course-turn");
      turn.setAttribute("aria-label", `Turn ${log.querySelectorAll(".course-turn").length + 1}`);
      const bubble = make("div", "course-question", "");
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
      const note = make("span", "course-chat-note", "");
      const buttons = make("span", "course-chat-actions");
      foot.append(badge, note, buttons);
      log.lastElementChild.append(foot);
      let offered = "";
      const fill = ({ phase, badge: latency, note: words, stalled, actions }) => {
        foot.dataset.phase = badge.dataset.phase = phase;
        foot.dataset.stalled = String(stalled);
        markBusy(foot.parentElement, OPEN.includes(phase));
        write(badge, latency);
        note.classList.toggle("course-callout", stalled || ["failed", "truncated"].includes(phase));
        write(note, words);
        if (offered === actions.join()) return;
        offered = actions.join();
        const offer = (name) =>
          makeButton("", name, () => {
            request(ACTIONS[name]);
            box.focus(); // the button is about to be removed
          });
        buttons.replaceChildren(...actions.map(offer));
      };
      return { root: foot, fill };
    },
  };
  const kindOf = (item) => (typeof item === "string" ? "block" : item.kind);

  onItems(model, (items, from) =>
    keepAtEnd(log, () => {
      // Remove the first node whose kind no longer matches its item, and all later nodes.
      let same = from;
      while (same < Math.min(nodes.length, items.length) && nodes[same].kind === kindOf(items[same])) {
        same += 1;
      }
      for (const { root } of nodes.splice(same).reverse()) {
        clearInterval(root.courseTick); // the clock of the current stage
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
      announce(items, from);
    }),
  );

  function announce(items, from) {
    if (!items.length) return;
    const foot = items.at(-1);
    const over = !OPEN.includes(foot.phase);
    const blocks = nodes.slice(Math.min(settled, from)).filter(({ kind }) => kind === "block");
    // The last block may still grow, so it is announced only when the reply is over.
    const last = blocks.length ? nodes.indexOf(blocks.at(-1)) : Math.min(settled, items.length);
    settled = over ? items.length : last;
    for (const { root } of over ? blocks : blocks.slice(0, -1)) announcer.paragraph(root);
    const ending = `${foot.badge}. ${foot.note}`;
    if (over) announcer.ending(ending, ending);
    else announcer.ending(foot.stalled ? "stalled" : "", foot.note);
  }
  announcer.listen();

  const drawBusy = () => {
    const gone = model.get("gone") === true;
    const busy = model.get("busy") && !gone;
    send.disabled = busy || gone;
    stop.disabled = !busy;
    el.dataset.busy = String(busy);
    clearTimeout(patience);
    showHint(gone ? KERNEL_ENDED : model.get("hint"));
  };
  model.on("change:busy", drawBusy);
  model.on("change:gone", drawBusy);
  model.on("change:hint", () => showHint(model.get("hint")));
  drawBusy();
  return () => {
    clearTimeout(patience);
    for (const { root } of nodes) clearInterval(root.courseTick);
  };
}

export default patched({ initialize, render });
