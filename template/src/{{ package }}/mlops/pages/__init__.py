"""What a person opens in a browser: the monitoring report and the model card."""
