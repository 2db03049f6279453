"""The commands of the README, and the Python behind them: serving, setting up, translations."""
