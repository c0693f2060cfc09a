# The hosted demo: a Docker Space listens on port 7860 and runs as user 1000. No TensorFlow in it.
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 app
USER app
WORKDIR /home/app/hvc
ENV PATH=/home/app/.local/bin:$PATH \
    PYTHONUNBUFFERED=1

# The packages are a layer of their own: a change of code does not install them again.
COPY --chown=app dashboard/requirements.txt dashboard/requirements.txt
RUN pip install --no-cache-dir --user -r dashboard/requirements.txt

COPY --chown=app .streamlit .streamlit
COPY --chown=app hvc_core hvc_core
COPY --chown=app dashboard dashboard
COPY --chown=app studies studies

EXPOSE 7860
CMD ["streamlit", "run", "dashboard/app.py", "--server.port=7860", "--server.address=0.0.0.0", "--server.headless=true"]
