"""hvc_core: train, evaluate and serve video classifiers; knows no Streamlit and no command line."""
