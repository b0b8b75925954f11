"""The command line: one small class per sub-command makes a report, and the report is drawn as text or as JSON."""
