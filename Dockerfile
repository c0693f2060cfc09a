# The hosted demo: a Docker Space listens on port 7860 and runs as user 1000. No TensorFlow in it.
# The study is baked in, as this repository has it: nothing is fetched to start.
# tests/test_hosting.py goes through these steps without a container engine.
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 app
# Not in the user's home, whose folders the user may rename.
WORKDIR /srv/hvc

# The packages are a layer of their own: a change of code does not install them again.
COPY dashboard/requirements.txt dashboard/requirements.txt
RUN pip install --no-cache-dir -r dashboard/requirements.txt

COPY .streamlit .streamlit
COPY hvc_core hvc_core
COPY dashboard dashboard
COPY studies studies
RUN python -m compileall -q hvc_core dashboard

# Code and study belong to root: the app can read them and change nothing.
USER app
# What is shown, and what stays when HVC_STUDY, set in the Space's settings, cannot be had
ENV HVC_SHIPPED=studies/ucf50-15 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/_stcore/health', timeout=4)"]
# A Space shows the app in a frame of huggingface.co, where Safari, and any browser that blocks other
# sites' cookies, sends none of the app's, SameSite=None or not: with the XSRF cookie every upload is
# refused there. Without it an upload's address still holds the visit's own secret.
CMD ["streamlit", "run", "dashboard/app.py", "--server.port=7860", "--server.address=0.0.0.0", "--server.headless=true", "--server.enableXsrfProtection=false"]
