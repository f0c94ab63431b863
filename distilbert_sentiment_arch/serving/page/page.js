document.title = "max-sentiment";
