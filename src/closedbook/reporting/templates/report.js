// The table of questions: a click on a heading sorts, typing filters. Without this script the table is all there.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0], rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const compare = (a, b) => (head.classList.contains("n") ? Number(value(a)) - Number(value(b)) : value(a).localeCompare(value(b)));
      rows.sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
      body.append(...rows);
    });
  });
  const find = document.getElementById("find"), count = document.getElementById("count"), wrong = document.getElementById("wrong");
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) || (wrong.checked && row.dataset.right !== "0");
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  find.addEventListener("input", filter);
  wrong.addEventListener("change", filter);
  filter();
}
