document.getElementById("log")?.replaceChildren("The page starts …");
