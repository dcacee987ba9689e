// needs: base/clock.js base/dom.js base/screen_reader.js base/synced_list.js
//
// A dot that pulses at each beat, and a strip of beats where a freeze remains visible as a gap.

const FROZEN = 5; // beat intervals, as in widget.py
const BADGE_PHASES = { ready: "ready", beating: "streaming", over: "done" }; // by widget phase

// Returns the gaps that count as freezes, each as [start, end] in seconds.
function freezes(beats, end, every) {
  return [...beats.slice(1), end]
    .map((next, index) => [beats[index], next])
    .filter(([from, to]) => to - from > FROZEN * every);
}

function initialize({ model }) {
  receiveItems({ model });
  const beating = () => model.get("phase") === "beating";
  endWithKernel(model, beating, () => ({
    phase: "over", end: model.get("items").at(-1) ?? 0, text: "kernel ended",
  }));
}

function render({ model, el }) {
  el.classList.add("course-live", "course-heartbeat");
  const head = make("div", "course-head");
  const dot = hideFromReaders(make("span", "course-heart"));
  const badge = make("span", "course-badge");
  head.append(dot, make("div", "course-title", model.get("title")), badge);

  const pane = make("div", "course-pane");
  const strip = make("div", "course-strip");
  const [svg, marks] = makePaths("course-marks");
  const gaps = make("div", "course-gaps");
  strip.append(gaps, svg);
  const axis = hideFromReaders(make("div", "course-axis"));
  pane.append(strip, axis);
  el.append(head, pane);

  const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
  let beats = [];
  let arrived = performance.now(); // when the last beat arrived

  function pulse() {
    const frames = reducedMotion.matches
      ? [{ opacity: 1 }, { opacity: 0.35 }]
      : [{ transform: "scale(1.35)", opacity: 1 }, { transform: "scale(0.8)", opacity: 0.45 }];
    dot.animate(frames, { duration: 260, easing: "ease-out", fill: "forwards" });
  }

  // Returns how long the `async with` block has run, in seconds.
  function now() {
    if (model.get("phase") === "over") return model.get("end");
    const last = beats.at(-1) ?? 0;
    return beats.length ? last + (performance.now() - arrived) / 1000 : 0;
  }

  function draw() {
    const phase = model.get("phase");
    const every = model.get("every");
    const end = now();
    const frozen = freezes(beats, end, every);
    const frozenNow = phase === "beating" && frozen.at(-1)?.[1] === end;
    const length = Math.max(end, 20 * every); // the length of the strip, in seconds

    svg.setAttribute("viewBox", `0 0 ${length} 1`);
    marks.setAttribute("d", beats.map((at) => `M${at} 0V1`).join(""));
    const shown = frozen.map(([from, to]) => {
      const gap = make("span", "course-gap");
      gap.style.left = `${(100 * from) / length}%`;
      gap.style.width = `${(100 * (to - from)) / length}%`;
      if ((to - from) / length > 0.12) gap.append(make("b", "", inSeconds(to - from)));
      return gap;
    });
    gaps.replaceChildren(...shown);
    axis.replaceChildren(make("span", "", "0 s"), make("span", "", inSeconds(length)));

    const words = frozenNow ? `no beat for ${inSeconds(end - frozen.at(-1)[0])}` : model.get("text");
    announceEnd(badge, phase !== "over");
    write(badge, words);
    const alarm = frozenNow || (phase === "over" && frozen.length > 0);
    badge.dataset.phase = alarm ? "waiting" : BADGE_PHASES[phase];
    dot.dataset.phase = badge.dataset.phase;
    labelled(strip, "img", `Beats of ${inSeconds(end)}: ${words}`);
  }

  onItems(model, (items) => {
    if (items.length > beats.length) {
      arrived = performance.now();
      pulse();
    }
    beats = items;
    draw();
  });
  model.on("change:phase change:text change:end", draw);
  const clock = setInterval(() => model.get("phase") === "beating" && draw(), 100);
  return () => clearInterval(clock);
}

export default patched({ initialize, render });
