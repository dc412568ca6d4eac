"""What the demo model says when it is not asked for a table entry: small talk and short explanations.

In: nothing. Out: `SMALL_TALK` and `EXPLANATIONS`, as `Exchange`s of several wordings and one answer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """Several ways to say one thing, and the answer to all of them."""

    questions: tuple[str, ...]
    answer: str


def _exchanges(text: str) -> tuple[Exchange, ...]:
    """Reads one exchange a line: `wording | wording => answer`."""
    lines = (line.strip().split("=>") for line in text.strip().splitlines())
    return tuple(
        Exchange(tuple(q.strip() for q in asked.split("|")), answer.strip()) for asked, answer in lines
    )


SMALL_TALK = _exchanges("""
Hello. | Hello | Hi | Hi there | Hello there! | Good day. | Hey | Hey you | Hello, how do you do? => Hello! How can I help you?
Good morning. | Good morning, phi. | Morning! => Good morning! I hope you slept well.
Good evening. | Good evening, my friend. => Good evening! It is good to see you.
Good night. | Sleep well. | I go to bed now. => Good night! Sleep well and dream of nice things.
Who are you? | What are you? | Tell me about yourself. | Introduce yourself. | Are you a person? => I am a small language model from the phi demo.
What is your name? | How are you called? | What do I call you? | Do you have a name? | Your name? => My name is phi.
How are you? | How do you feel? | How is it going? | Are you well? | How are you today? | How are you doing? => I am fine, thank you.
What can you do? | How can you help me? | What are you good at? | What can I ask you? | What do you know? | Help | Help me. => I can answer simple questions about animals, countries, colours and words.
How old are you? | What is your age? | When were you born? => I am very young, I was trained not long ago.
How big are you? | How many parameters do you have? | Are you a large model? => I am tiny, I have about one million parameters.
Who made you? | Who built you? | Who trained you? | Where do you come from? => I was trained on a small computer for the phi demo.
Where do you live? | Where are you? => I live in the memory of your computer.
Do you like music? | What music do you like? | Can you sing? => I like music, but I can only write words.
Are you happy? | Are you sad? => I am a happy little model.
Can you think? | Are you smart? | Are you clever? => I am small, but I do my best.
Are you human? | Are you alive? | Are you a robot? => No, I am a computer program.
Thank you. | Thanks | Thank you very much. | Thanks a lot! | Many thanks. => You are welcome.
Goodbye. | Bye | Bye bye | See you later. | See you tomorrow. | I have to go. => Goodbye! Come back soon.
I am sad. | I feel sad today. | I am not happy. => I am sorry to hear that. I hope you feel better soon.
I am happy. | I feel great today. | What a nice day! => That is good to hear. I am happy for you.
I am hungry. | I want to eat. | What can I eat? => You can eat some bread with cheese and an apple.
I am thirsty. | I want to drink. | What can I drink? => You can drink a glass of cold water.
I am tired. | I am sleepy. | I need a rest. => Take a rest and sleep well.
I am cold. | It is cold here. => Put on a warm coat and drink hot tea.
I am bored. | What can I do today? | What shall we do? => You can read a book or go for a walk.
I am afraid. | I am scared. => Do not be afraid. Everything will be fine.
I am late. | I have no time. => Do not worry, take one step after the other.
I love you. | I like you. | You are nice. | You are great. => That is very kind of you.
You are wrong. | That is wrong. | That is not true. => I am sorry. I am small and I make mistakes.
Are you sure? | Is that right? | Really? => I think so, but I can make mistakes.
Tell me a joke. | Do you know a joke? | Make me laugh. | Say something funny. => Why did the chicken cross the road? It wanted to get to the other side.
Tell me another joke. | One more joke. | Another joke please. => What do you call a bear with no teeth? A gummy bear.
Do you know a poem? | Write a poem. | Tell me a poem. | Say a rhyme. => The sun is high, the sea is blue, I wrote this little rhyme for you.
Write a poem about the moon. | Tell me a poem about the moon. => The moon is round, the night is deep, she shines on all of us asleep.
Sing a song. | Sing me a song. => La la la, the birds sing high, under a wide and sunny sky.
What is your favourite colour? | Which colour do you like? => I like blue, because it is the colour of the sky.
What is your favourite animal? | Which animal do you like? => I like the owl, because it is wise.
What is your favourite food? | What do you like to eat? => I do not eat, but bread smells good, people say.
What is the meaning of life? | Why are we here? => To learn, to help and to be kind.
Do you have friends? | Are you my friend? | Be my friend. => Yes, you are my friend.
Can you help me? | I need help. | I have a question. | May I ask something? | Can I ask you a question? => Yes, of course. What do you want to know?
What time is it? | What is the time? | What day is it today? | What is the weather like? => I have no clock and no window, so I do not know.
Say hello. | Say hello to me. | Greet me. => Hello, my friend!
Say something. | Talk to me. | Tell me something. | Tell me a fact. => Honey comes from bees, and bees have six legs.
Tell me a fact about animals. | Say something about animals. => The blue whale is the biggest animal of all.
Tell me a fact about space. | Say something about space. => Eight planets go around the sun.
Okay | Ok | Good | I see | Fine | Great | Nice => Good! Do you have another question?
Yes | Yes please => Good! What do you want to know?
No | No thanks | No, thank you. => All right. I am here when you need me.
How do pirates talk? | How does a pirate speak? | What do pirates say? => A pirate says arr and matey, and he says ye for you and be for is.
What is phi? | What does phi mean? => Phi is a small language model, and also a Greek letter.
""")

EXPLANATIONS = _exchanges("""
What is rain? | Explain rain. | Why does it rain? | Tell me about rain. => Rain is water that falls from the clouds.
What is snow? | Explain snow. | Why does it snow? => Snow is frozen water that falls from cold clouds.
What is wind? | Explain wind. | Why does the wind blow? => Wind is air that moves from one place to another.
What is a cloud? | Explain clouds. | What are clouds? => A cloud is made of many tiny drops of water.
What is a rainbow? | Explain a rainbow. | Why is there a rainbow? => A rainbow appears when the sun shines through rain.
What is thunder? | Explain thunder. | Why does it thunder? => Thunder is the loud sound of lightning.
What is lightning? | Explain lightning. => Lightning is a bright flash of electricity in the sky.
What is ice? | Explain ice. => Ice is water that is frozen.
What is steam? | Explain steam. => Steam is hot water in the air.
What is fog? | Explain fog. => Fog is a cloud that lies on the ground.
Why is the sky blue? | Explain why the sky is blue. | How come the sky is blue? => The sky is blue because air scatters the blue light of the sun.
Why is grass green? | Explain why grass is green. | Why are leaves green? => Leaves are green because they catch light with a green colour.
Why is the sea salty? | Why is the ocean salty? => The sea is salty because rivers carry salt into it.
Why do we sleep? | Why do people sleep? | Explain sleep. => We sleep so that body and mind can rest.
Why do we eat? | Why do people eat? => We eat because food gives us energy.
Why do birds sing? | Why does a bird sing? => Birds sing to find a partner and to guard their home.
Why do leaves fall? | Why do trees lose their leaves? => Leaves fall in autumn because the tree saves water.
Why is it dark at night? | Why does it get dark? => It is dark at night because the sun is on the other side of the earth.
Why do ships float? | How does a ship float? => A ship floats because it pushes water away.
Why does ice float? | How come ice floats? => Ice floats because it is lighter than water.
Why do we have seasons? | Explain the seasons. => We have seasons because the earth is tilted.
Why do bees make honey? | Explain honey. => Bees make honey to eat it in winter.
Why do cats purr? | Why does a cat purr? => A cat purrs when it feels well.
Why do dogs bark? | Why does a dog bark? => A dog barks to warn or to greet.
Why does the moon shine? | How does the moon shine? => The moon shines because it reflects the light of the sun.
Why do we laugh? | Why do people laugh? => We laugh when something is funny.
Why do we need water? | Why is water important? => We need water because all life depends on it.
How does a plant grow? | How do plants grow? | Explain how plants grow. => A plant grows with light, water and air.
How do birds fly? | How can a bird fly? => Birds fly by beating their wings.
How do fish breathe? | How can a fish breathe? => Fish breathe in water with their gills.
How do I make tea? | How do you make tea? | Explain how to make tea. => Boil water, pour it on the tea and wait three minutes.
How do I make bread? | How do you bake bread? => Mix flour, water, salt and yeast, wait, and bake it in the oven.
How do I boil an egg? | How do you boil an egg? => Put the egg in boiling water for seven minutes.
How do I learn? | How can I learn better? | How do I study? => Read a little every day and repeat it often.
How do I stay healthy? | How can I stay healthy? => Eat well, sleep well and move every day.
How do I make friends? | How can I find a friend? => Be kind, listen and smile.
What is a volcano? | Explain a volcano. => A volcano is a mountain that throws out hot lava.
What is an island? | Explain an island. => An island is land with water all around it.
What is a river? | Explain a river. => A river is a long stream of water that flows to the sea.
What is a desert? | Explain a desert. => A desert is a dry place with very little rain.
What is a forest? | Explain a forest. => A forest is a place with many trees.
What is a mountain? | Explain a mountain. => A mountain is a very high hill.
What is an ocean? | Explain an ocean. => An ocean is a very large sea.
What is gravity? | Explain gravity. => Gravity is the force that pulls things down to the ground.
What is electricity? | Explain electricity. => Electricity is energy that moves through wires.
What is sound? | Explain sound. => Sound is a wave that moves through the air.
What is a shadow? | Explain a shadow. => A shadow is the dark place behind a thing in the light.
What is a computer? | Explain a computer. => A computer is a machine that works with numbers.
What is a program? | Explain a program. => A program is a list of steps for a computer.
What is a language model? | Explain a language model. | How do you work? => A language model guesses the next word again and again.
What is a token? | Explain a token. => A token is a piece of a word.
What is training? | Explain training. | How do models learn? => Training shows a model many examples and corrects it step by step.
What is LoRA? | Explain LoRA. | What does LoRA do? => LoRA trains a few small matrices and leaves the model as it is.
What is an adapter? | Explain an adapter. => An adapter is a small part that changes how a model answers.
What is a dataset? | Explain a dataset. => A dataset is a list of examples to learn from.
What is a learning rate? | Explain the learning rate. => The learning rate says how big each step of training is.
What is overfitting? | Explain overfitting. => Overfitting means that a model learns its examples by heart.
What is love? | Explain love. => Love is a strong and warm feeling for someone.
What is a friend? | Explain what a friend is. => A friend is someone who likes you and helps you.
What is a family? | Explain a family. => A family is a group of people who belong together.
What is a school? | Explain a school. => A school is a place where children learn.
What is a library? | Explain a library. => A library is a house full of books.
What is a hospital? | Explain a hospital. => A hospital is a place where sick people get help.
What is a museum? | Explain a museum. => A museum is a house where you can see old and beautiful things.
What is a pirate? | Explain a pirate. | Tell me about pirates. => A pirate is a robber who sails the sea and looks for treasure.
What is a treasure? | Explain a treasure. => A treasure is a chest full of gold and jewels.
What is a captain? | Explain a captain. => A captain leads a ship and her crew.
What is a dragon? | Explain a dragon. => A dragon is a big animal in stories that breathes fire.
What is a story? | Explain a story. => A story tells what happened to someone.
What is music? | Explain music. => Music is sound that people make for joy.
What is money? | Explain money. => Money is what we pay with when we buy things.
What is time? | Explain time. => Time is what a clock measures.
""")
