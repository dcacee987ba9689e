// needs: base/clock.js base/dom.js base/screen_reader.js
//
// A row of stages, each with a mark, a name, a detail and a duration, for the status line and chat.

// Returns the stages with the current one marked as stopped, for use after the kernel has ended.
const stopped = (stages) =>
  stages.map((stage) => (stage.state === "now" ? { ...stage, state: "stopped" } : stage));

const arrived = new WeakMap(); // when each array of stages was first drawn

// Fills a list with the stages, and updates the current stage's seconds until the next call.
function drawStages(list, stages) {
  clearInterval(list.courseTick);
  if (!arrived.has(stages)) arrived.set(stages, performance.now());
  list.classList.add("course-stages");
  list.setAttribute("role", "list"); // some screen readers ignore lists without bullets
  list.replaceChildren(
    ...stages.map(({ name, detail, state, times, seconds }) => {
      const step = make("li", "course-stage");
      step.dataset.state = state;
      if (state === "now") step.setAttribute("aria-current", "step");
      const mark = labelled(make("span", "course-stage-mark"), "img", state === "ahead" ? "not reached yet" : state);
      const time = make("span", "course-stage-time", times ? inSeconds(seconds) : "");
      if (state === "skipped") time.textContent = "skipped";
      if (state === "now") {
        const start = arrived.get(stages) - 1000 * seconds;
        const tick = () => (time.textContent = `${((performance.now() - start) / 1000).toFixed(1)} s`);
        list.courseTick = setInterval(tick, 100);
        tick();
      }
      step.append(mark, make("span", "course-stage-name", name));
      if (times > 1) step.append(make("span", "course-stage-times", `× ${times}`));
      if (detail) step.append(make("span", "course-stage-detail", detail));
      step.append(time);
      return step;
    }),
  );
}
