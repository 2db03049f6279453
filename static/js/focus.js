// After a refused form the summary of what to mend is where reading goes on.
document.querySelector("[data-focus]")?.focus();
