// Says whether the server answers, and puts its address into the examples.

for (const place of document.querySelectorAll(".origin")) {
  place.textContent = location.origin;
}

const status = /** @type {HTMLElement} */ (document.getElementById("status"));

try {
  const response = await fetch("/api/health");
  status.textContent = response.ok ? "The server is healthy." : `The server answers with status ${response.status}.`;
} catch {
  status.textContent = "The server does not answer.";
}
