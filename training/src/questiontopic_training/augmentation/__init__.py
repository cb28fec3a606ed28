"""What training adds to the questions: other spellings and sentences, other languages, and questions from templates."""
