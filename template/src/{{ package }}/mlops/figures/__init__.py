"""Pure numbers: metrics, resampling, profiles, drift, and the monitoring decision."""
