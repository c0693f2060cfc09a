import streamlit as st
st.title("try_a_clip")
