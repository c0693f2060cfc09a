"""The pages that show a study and put a clip through its models. Imports hvc_core only."""
