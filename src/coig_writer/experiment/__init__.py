"""An ablation from one file: mixtures, models, answers, figures, and the curve that they make."""
