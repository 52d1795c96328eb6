document.documentElement.classList.add("scripted");
for (const form of document.querySelectorAll("form.filter")) {
  const findings = [...document.querySelectorAll(".finding")];
  const count = form.querySelector("output");
  const show = () => {
    const wanted = new Set([...form.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value));
    const host = form.elements.host.value;
    const code = form.elements.code.value;
    const text = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    for (const item of findings) {
      const fits =
        wanted.has(item.dataset.severity) &&
        (host === "" || item.dataset.host === host) &&
        (code === "" || item.dataset.code === code) &&
        (text === "" || item.textContent.toLowerCase().includes(text));
      item.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    count.textContent = `${shown} of ${findings.length} shown`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
const reach = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target === null) return;
  if (target.hidden) {
    const form = document.querySelector("form.filter");
    form.reset();
    form.dispatchEvent(new Event("input"));
  }
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", reach);
reach();
