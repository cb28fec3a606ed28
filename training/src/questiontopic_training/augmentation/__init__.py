"""What is added to labelled questions: other forms, other languages, questions from templates, other word pieces."""
