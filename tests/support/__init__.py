"""What tests share: makers of synthetic studies, clips and the like."""
