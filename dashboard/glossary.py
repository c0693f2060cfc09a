"""The words that the pages use, one sentence each. Knows nothing of a study. Imports nothing."""

WORDS = {
    "Clip": "A few seconds of video of one person or group doing one thing; it has one class.",
    "Class": "What is done in a clip, such as Punch or Diving.",
    "Group": "The number of the source video, g01 to g25 in each class; clips of one group of a "
    "class were cut from the same film and are near-copies of each other.",
    "Protocol": "How clips are divided into training and test: by group, or at random.",
    "Fold": "One of the parts of a protocol that are tested in turn.",
    "Seed": "What a training starts from; the same model trained from another seed differs.",
    "Cell": "One training: a protocol, a fold, a seed and a model.",
    "Study": "A folder with every answer of every model to every tested clip, and what they cost.",
    "Verdict": "Which of two models is better by the rule on How sure?, or that one cannot tell.",
    "Accuracy": "The share of tested clips whose class the model finds.",
    "Recall, precision, F1": "Of a class's clips the share that is found; of the answers of that "
    "class the share that is right; and the balance of the two. Macro: the mean over classes.",
    "95 % interval": "Drawn by resampling source videos. Of such intervals 95 of 100 hold the "
    "figure that all films of these classes would give.",
    "p, Holm": "How often chance alone would give a difference as large; Holm's correction makes "
    "up for asking many times.",
    "Leak": "What a random split adds to accuracy because siblings of test clips were trained on.",
    "Calibration": "Whether a model is as often right as it says it is; ECE is the mean gap.",
    "Temperature": "One number that makes a model's probabilities more modest, or bolder, without "
    "moving its answer.",
    "Multiply-adds": "Operations that one clip takes: one multiplication and one addition each.",
    "Latency": "The time from a decoded clip to its answer.",
}
