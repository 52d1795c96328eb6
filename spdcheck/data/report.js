document.documentElement.classList.add("scripted");
for (const form of document.querySelectorAll("form.filter")) {
  const findings = [...document.querySelectorAll(".finding")];
  const count = form.querySelector("output");
  const show = () => {
    const wanted = new Set([...form.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value));
    const host = form.elements.host.value;
    const text = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    for (const item of findings) {
      const fits =
        wanted.has(item.dataset.severity) &&
        (host === "" || item.dataset.host === host) &&
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
