"""What Mailwatch says, found in its code and templates, and the catalogues of its translations."""
