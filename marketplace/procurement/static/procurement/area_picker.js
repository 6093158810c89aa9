// Counties, townships and villages follow each other's ticks, and the counts follow them. Without this file a ticked
// county or township stands for all villages below it, which is what the server reads.
(() => {
  "use strict";
  const form = document.querySelector("[data-area-picker]");
  if (!form) return;
  const boxes = (name, root = form) => [...root.querySelectorAll(`input[name="${name}"]:not(:disabled)`)];
  const total = form.querySelector("[data-total]");
  const shown = form.querySelector('input[name="counties"][data-shown]');
  const townships = boxes("townships").map((box) => ({ box, villages: boxes("villages", box.closest(".choices.below")) }));
  const all = townships.flatMap((township) => township.villages);
  const others = boxes("counties").filter((box) => box !== shown).map((box) => {
    const count = box.closest("label").querySelector("[data-chosen]");
    return { box, count, singly: box.closest(".choice-row").querySelector('input[name="elsewhere"]'), chosen: Number(count.textContent) };
  });
  const ticked = (list) => list.filter((box) => box.checked).length;

  const follow = (box, chosen, of) => {
    box.checked = of > 0 && chosen === of;
    box.indeterminate = chosen > 0 && chosen < of;
    box.closest("label").querySelector("[data-chosen]").textContent = chosen;
  };
  const count = () => {
    townships.forEach(({ box, villages }) => follow(box, ticked(villages), villages.length));
    if (shown) follow(shown, ticked(all), all.length);
    total.textContent = ticked(all) + others.reduce((sum, county) => sum + county.chosen, 0);
  };

  // What stands for all below it is opened up, so that single villages can be taken out again.
  if (shown && shown.checked) all.forEach((village) => { village.checked = true; });
  townships.filter(({ box }) => box.checked).forEach(({ villages }) => villages.forEach((village) => { village.checked = true; }));
  others.forEach(({ box, singly }) => { box.indeterminate = Boolean(singly); });
  count();

  form.addEventListener("change", ({ target }) => {
    const township = townships.find(({ box }) => box === target);
    const county = others.find(({ box }) => box === target);
    if (target === shown) all.forEach((village) => { village.checked = target.checked; });
    if (township) township.villages.forEach((village) => { village.checked = target.checked; });
    if (county) {
      county.chosen = target.checked ? Number(target.dataset.free) : 0;
      county.count.textContent = county.chosen;
      if (county.singly) county.singly.disabled = true;
    }
    count();
  });

  // One field for what is whole, instead of hundreds.
  form.addEventListener("formdata", ({ formData }) => {
    const whole = townships.filter(({ box }) => box.checked);
    const inside = new Set(whole.flatMap(({ villages }) => villages.map((village) => village.value)));
    const singly = formData.getAll("villages").filter((code) => !inside.has(code));
    formData.delete("villages");
    singly.forEach((code) => formData.append("villages", code));
    if (shown && shown.checked) formData.delete("townships");
  });
})();
