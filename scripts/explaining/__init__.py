"""Faithfulness and speed of explanations, beside SHAP and Captum: ``./scripts/explanations``."""
